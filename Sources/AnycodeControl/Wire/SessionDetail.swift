/// Everything an operator may want to know of one session. Times are in seconds.
package struct SessionDetail: Sendable, Equatable, Codable {
    package struct Deadline: Sendable, Equatable, Codable {
        package var name: String
        /// Left; negative when overdue.
        package var seconds: Double

        package init(name: String, seconds: Double) {
            self.name = name
            self.seconds = seconds
        }
    }

    /// A question or permission.
    package struct Interaction: Sendable, Equatable, Codable {
        package var kind: String
        package var title: String
        /// `open`, `answered`, `cancelled` and so on.
        package var state: String
        package var answer: String?
        package var answeredBy: String?
        /// Since it was asked.
        package var age: Double

        package init(
            kind: String, title: String, state: String, answer: String? = nil, answeredBy: String? = nil, age: Double
        ) {
            self.kind = kind
            self.title = title
            self.state = state
            self.answer = answer
            self.answeredBy = answeredBy
            self.age = age
        }
    }

    /// Something that a provider made for the session.
    package struct Resource: Sendable, Equatable, Codable {
        /// Provider and kind, as `local sandbox`.
        package var kind: String
        package var name: String
        package var state: String
        package var age: Double

        package init(kind: String, name: String, state: String, age: Double) {
            self.kind = kind
            self.name = name
            self.state = state
            self.age = age
        }
    }

    /// Work saved outside the sandbox.
    package struct Save: Sendable, Equatable, Codable {
        package var path: String
        package var changedFiles: Int
        package var age: Double

        package init(path: String, changedFiles: Int, age: Double) {
            self.path = path
            self.changedFiles = changedFiles
            self.age = age
        }
    }

    package var summary: SessionSummary
    /// Commit the task started from.
    package var commit: String?
    package var turns: Int
    /// The agent's time used; waiting for people does not count.
    package var agentSeconds: Double
    /// As the agent reports it, with its currency.
    package var cost: String?
    /// Why it ended, or what stands in its way.
    package var reason: String?
    /// The version of the runner in its sandbox, while there is one.
    package var runner: String?
    /// Prompts that wait for their turn.
    package var queued: Int
    /// How many secrets were masked.
    package var maskings: Int
    package var deadlines: [Deadline]
    package var interactions: [Interaction]
    package var resources: [Resource]
    package var saves: [Save]

    package init(
        summary: SessionSummary, commit: String? = nil, turns: Int = 0, agentSeconds: Double = 0, cost: String? = nil,
        reason: String? = nil, queued: Int = 0, maskings: Int = 0, deadlines: [Deadline] = [],
        interactions: [Interaction] = [], resources: [Resource] = [], saves: [Save] = [], runner: String? = nil
    ) {
        self.summary = summary
        self.commit = commit
        self.turns = turns
        self.agentSeconds = agentSeconds
        self.cost = cost
        self.reason = reason
        self.queued = queued
        self.maskings = maskings
        self.deadlines = deadlines
        self.interactions = interactions
        self.resources = resources
        self.saves = saves
        self.runner = runner
    }
}
