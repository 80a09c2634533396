package import AnycodeCore

/// The limits a session lives by. Durations; `nil` switches a limit off.
package struct SessionPolicy: Hashable, Sendable {
    /// The agent's own time over all turns; stands still while a person is asked.
    package var agentTime: Duration? = .seconds(30 * 60)
    /// From `/task` to the first prompt: sandbox, clone, agent's start.
    package var provisioning: Duration = .seconds(10 * 60)
    /// From a prompt to the agent's first sign of life.
    package var firstEvent: Duration = .seconds(5 * 60)
    /// Between two signs of life.
    package var silence: Duration = .seconds(20 * 60)
    /// How long a person may take to answer.
    package var person: Duration = .seconds(720 * 60)
    /// After how long a question is brought to mind, once.
    package var reminder: Duration { min(person / 4, .seconds(60 * 60)) }
    /// How long a finished turn waits for a follow-up; zero ends the session with its turn.
    package var linger: Duration = .seconds(900)
    /// Working time between two saves.
    package var checkpoint: Duration = .seconds(5 * 60)
    /// How long the agent may take to react to a cancel.
    package var stopGrace: Duration = .seconds(10)
    /// How long a save may take.
    package var save: Duration = .seconds(5 * 60)
    /// How many prompts may wait for their turn.
    package var queueLimit = 20
    /// People who may do everything in every session.
    package var owners: Set<PersonID> = []
    /// Whether anybody who may write to the bot may also answer, stop and cancel.
    package var everybodyControls = false

    /// Hosts of repositories for which pull requests can be opened.
    package var pullRequestHosts: Set<String> = []

    /// The mode that an agent's conversations begin in, and the model, as the agent names them.
    package var modes: [AgentName: String] = [:]
    package var models: [AgentName: String] = [:]

    package init() {}
}
