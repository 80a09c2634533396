/// A node of the supervision tree and all below it, as they were at one moment. Times are in seconds.
package struct TreeNode: Sendable, Equatable, Codable {
    /// Details with a meaning of their own when the tree is drawn; all others are shown as they are.
    package enum Detail {
        /// A supervisor's restart strategy.
        package static let strategy = "strategy"
        /// How many children a dynamic supervisor may have.
        package static let limit = "limit"
        /// Words that say more than the id, shown beside it: a session's agent.
        package static let label = "label"
        /// What the node says it is doing, shown in place of "up 2 h": "connected".
        package static let status = "status"
        /// What went wrong and has not been mended, in words.
        package static let trouble = "trouble"
    }

    /// The kind of a node that tells of a session's last save; its uptime is the save's age.
    package static let save = "save"
    /// The kind of a node that tells of something that happened; its uptime is how long ago.
    package static let past = "past"

    package struct Waiting: Sendable, Equatable, Codable {
        /// For what, in words a person can read.
        package var reason: String
        /// On whom or what.
        package var on: String?
        /// For how long already.
        package var seconds: Double
        /// How long until the deadline; negative when overdue.
        package var deadline: Double?

        package init(reason: String, on: String? = nil, seconds: Double, deadline: Double? = nil) {
            self.reason = reason
            self.on = on
            self.seconds = seconds
            self.deadline = deadline
        }
    }

    package var id: String
    /// Ids from the root, joined by `/`; empty for the root.
    package var path: String
    /// `supervisor`, `dynamic`, `worker`, `part`, or a kind of the daemon's own.
    package var kind: String
    /// `running`, `backing off` and so on.
    package var state: String
    /// For how long the present incarnation has run.
    package var uptime: Double?
    package var restarts: Int
    package var lastError: String?
    package var waiting: Waiting?
    /// What falls due, earliest first.
    package var deadlines: [SessionDetail.Deadline]
    package var details: [String: String]
    /// Incarnations that would not end and still go on, by child id.
    package var abandoned: [String]
    package var children: [TreeNode]

    package init(
        id: String, path: String = "", kind: String = "worker", state: String = "running", uptime: Double? = nil,
        restarts: Int = 0, lastError: String? = nil, waiting: Waiting? = nil,
        deadlines: [SessionDetail.Deadline] = [], details: [String: String] = [:],
        abandoned: [String] = [], children: [TreeNode] = []
    ) {
        self.id = id
        self.path = path
        self.kind = kind
        self.state = state
        self.uptime = uptime
        self.restarts = restarts
        self.lastError = lastError
        self.waiting = waiting
        self.deadlines = deadlines
        self.details = details
        self.abandoned = abandoned
        self.children = children
    }
}

extension TreeNode {
    /// The same tree some seconds later, if nothing but time has changed.
    package func aged(by seconds: Double) -> TreeNode {
        var node = self
        node.uptime = uptime.map { $0 + seconds }
        node.waiting?.seconds += seconds
        node.waiting?.deadline = waiting?.deadline.map { $0 - seconds }
        for place in node.deadlines.indices { node.deadlines[place].seconds -= seconds }
        node.children = children.map { $0.aged(by: seconds) }
        return node
    }
}
