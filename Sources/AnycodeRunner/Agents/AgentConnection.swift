/// What an agent said.
package enum AgentOutput: Sendable, Equatable {
    case message(Message)
    /// Output that is no message (its beginning, when it was too long).
    case invalid([UInt8])
}

/// How an agent ended, with the last words of its standard error.
package struct AgentEnd: Sendable, Equatable {
    package var exit: ProcessExit
    package var message: String

    package init(exit: ProcessExit, message: String) {
        self.exit = exit
        self.message = message
    }
}

/// A running agent as a stream of JSON-RPC messages in both directions.
///
/// `ACPConnection` passes ACP through; an agent with a protocol of its own gets a conformer that translates.
package protocol AgentConnection: Sendable {
    /// Carries the agent's messages, in order, until the agent and all it started have ended.
    ///
    /// What arrived together is handed over together; nothing more is read before `receive` returns.
    func run(_ receive: @escaping @Sendable ([AgentOutput]) async -> Void) async -> AgentEnd

    /// Queues a message for the agent, keeping the order of calls; false when the queue is full or the agent gone.
    func send(_ message: Message) -> Bool

    /// Ends the agent and everything it started: closes its input, asks, and after a grace forces.
    func end() async
}

/// What a connection is made from.
package struct AgentLaunch: Sendable {
    package var agent: String
    package var executable: String
    package var arguments: [String]
    package var environment: [String: String]
    package var directory: String
    /// `NAME=value` that is also in `environment` and marks every process of this agent.
    package var marker: String
}
