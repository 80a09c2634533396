/// What an agent says, in terms of no particular protocol. All agent clients produce these.
package enum AgentEvent: Hashable, Sendable {
    /// The agent answered `initialize`.
    case initialized(RequestID, AgentCapabilities)
    /// The agent opened or loaded a conversation.
    case sessionOpened(RequestID, AgentSession)
    /// A call other than a prompt was answered.
    case callSucceeded(RequestID)
    /// A call was answered with an error.
    case callFailed(RequestID, AgentFailure)
    /// The prompt with this id is done.
    case turnEnded(RequestID, StopReason)
    case text(String)
    case thought(String)
    case toolCall(ToolCall)
    case toolCallUpdated(ToolCallUpdate)
    /// The whole plan, replacing the one before.
    case plan([PlanEntry])
    case usage(AgentUsage)
    /// How many tokens the turn of this prompt took; comes before its end.
    case turnTook(RequestID, tokens: Int64)
    case modeChanged(String)
    case modelChanged(String)
    /// The agent's own slash commands, replacing those before.
    case commandsChanged([AgentCommand])
    case titleChanged(String)
    case permissionRequested(PermissionRequest)
    case questionAsked(QuestionRequest)
    /// The agent took a request back.
    case requestWithdrawn(RequestID)
    /// The agent's process ended.
    case agentExited(AgentExit)
    /// Events between these numbers (both included) are lost.
    case gap(from: Int64, to: Int64)
    /// A message of a kind this version does not know; counted and skipped.
    case unknown(type: String)
}

/// One numbered message of the stream and what it meant.
package struct AgentStreamItem: Hashable, Sendable {
    /// The stream's number for it; `nil` for requests delivered again, which move no cursor.
    package let number: Int64?
    package let events: [AgentEvent]

    package init(number: Int64?, events: [AgentEvent]) {
        self.number = number
        self.events = events
    }
}

/// What the agent can do, as it said at `initialize`.
package struct AgentCapabilities: Hashable, Sendable, Codable {
    package var name: String?
    package var version: String?
    package var loadsSessions: Bool
    package var resumesSessions: Bool
    package var acceptsImages: Bool
    /// Whether a prompt in the middle of a turn is taken into that turn; `nil` for no.
    package var steers: Bool?
    /// Ways to log in that the agent offers; its own ids.
    package var authenticationMethods: [String]

    package init(
        name: String? = nil, version: String? = nil, loadsSessions: Bool = false, resumesSessions: Bool = false,
        acceptsImages: Bool = false, steers: Bool? = nil, authenticationMethods: [String] = []
    ) {
        self.name = name
        self.version = version
        self.loadsSessions = loadsSessions
        self.resumesSessions = resumesSessions
        self.acceptsImages = acceptsImages
        self.steers = steers
        self.authenticationMethods = authenticationMethods
    }
}

/// An open conversation of the agent.
package struct AgentSession: Hashable, Sendable, Codable {
    package struct Choice: Hashable, Sendable, Codable {
        package let id: String
        package let name: String

        package init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    package var id: AgentSessionID
    package var modes: [Choice]
    package var currentMode: String?
    package var models: [Choice]
    package var currentModel: String?

    package init(
        id: AgentSessionID, modes: [Choice] = [], currentMode: String? = nil, models: [Choice] = [],
        currentModel: String? = nil
    ) {
        self.id = id
        self.modes = modes
        self.currentMode = currentMode
        self.models = models
        self.currentModel = currentModel
    }
}

/// Why a turn ended.
package enum StopReason: Hashable, Sendable, Codable {
    case endTurn, maxTokens, maxRequests, refusal, cancelled
    /// A reason this version does not know, in the agent's word.
    case other(String)
}

/// An error the agent answered with.
package struct AgentFailure: Hashable, Sendable, Codable {
    package enum Code: Hashable, Sendable, Codable {
        case authenticationRequired, notFound, cancelled, agentExited
        case other(Int)
    }

    package let code: Code
    /// The agent's words, masked and bounded before people see them.
    package let message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}

/// How the agent's process ended.
package struct AgentExit: Hashable, Sendable, Codable {
    package let exitCode: Int?
    package let signal: Int?
    /// Its last words on standard error, bounded.
    package let message: String

    package init(exitCode: Int?, signal: Int?, message: String) {
        self.exitCode = exitCode
        self.signal = signal
        self.message = message
    }
}

/// Tokens and money.
package struct AgentUsage: Hashable, Sendable, Codable {
    /// Tokens in the context window, and its size.
    package var used: Int64?
    package var size: Int64?
    /// Tokens that were read and written so far, in all turns.
    package var tokens: Int64?
    /// The total cost so far, in `currency` units.
    package var cost: Double?
    package var currency: String?

    package init(
        used: Int64? = nil, size: Int64? = nil, tokens: Int64? = nil, cost: Double? = nil, currency: String? = nil
    ) {
        self.used = used
        self.size = size
        self.tokens = tokens
        self.cost = cost
        self.currency = currency
    }
}

/// A slash command of the agent's own.
package struct AgentCommand: Hashable, Sendable, Codable {
    package let name: String
    package let summary: String

    package init(name: String, summary: String) {
        self.name = name
        self.summary = summary
    }
}

/// One line of the agent's plan.
package struct PlanEntry: Hashable, Sendable, Codable {
    package enum Status: String, Hashable, Sendable, Codable {
        case pending, inProgress, completed
    }

    package let text: String
    package let status: Status

    package init(text: String, status: Status) {
        self.text = text
        self.status = status
    }
}
