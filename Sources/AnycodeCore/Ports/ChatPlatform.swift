/// A place where people write: console, Telegram, Slack.
package protocol ChatPlatform: Sendable {
    var id: PlatformID { get }
    var limits: ChatLimits { get }

    /// Connects and delivers what people do until cancelled; reconnects by itself, without end.
    ///
    /// An update is acknowledged to the platform only after `inbox.receive` returned.
    /// `report` tells in a few words what the connection is doing, for the supervision tree.
    func run(inbox: any ChatInbox, report: @escaping @Sendable (String) -> Void) async throws

    /// Waits until the platform's budget allows one more call of this priority for this chat.
    func permit(for chat: ChatID, priority: SendPriority) async throws(ChatError)

    /// Posts a new message.
    ///
    /// - Parameter nonce: the same for every attempt of the same message; platforms with
    ///   `ChatLimits.deduplicatesSends` post it once.
    func send(_ message: OutgoingMessage, to conversation: Conversation, nonce: String) async throws(ChatError)
        -> MessageID

    /// Makes a message equal to `message`. An identical edit succeeds.
    func edit(_ id: MessageID, in conversation: Conversation, to message: OutgoingMessage) async throws(ChatError)

    /// Answers a button click with a short note for the person who clicked (empty: just stop the spinner).
    func acknowledge(_ callback: String, note: String) async throws(ChatError)

    /// The bytes of a file that a person sent.
    ///
    /// Throws `rejected` when it has more than `limit` bytes or the platform has it no more, `unreachable` and `flood`
    /// when trying again later is right.
    func fetch(_ file: SentFile, limit: Int) async throws(ChatError) -> [UInt8]

    /// Shows for some seconds that somebody is at work. Best effort; returns soon and never waits for budget.
    func showTyping(in conversation: Conversation) async
}

extension ChatPlatform {
    /// For platforms on which people send no files.
    package func fetch(_ file: SentFile, limit: Int) async throws(ChatError) -> [UInt8] {
        throw ChatError(.rejected, "\(id) hands out no files")
    }

    /// For platforms that show no such thing.
    package func showTyping(in conversation: Conversation) async {}
}

/// Where platforms deliver.
package protocol ChatInbox: Sendable {
    /// Stores the events, dropping those already known; returns when they are durable.
    func receive(_ events: [InboundEvent]) async throws

    /// A chat goes on under another id: what is stored follows. Returns when that is durable; telling it again does
    /// nothing.
    func chat(_ old: ChatID, becomes new: ChatID) async throws
}

extension ChatInbox {
    package func chat(_ old: ChatID, becomes new: ChatID) async throws {}
}

/// What a platform can show.
package struct ChatLimits: Hashable, Sendable {
    /// The longest message, in UTF-16 units of its Markdown.
    package let textUnits: Int
    /// The longest button label, in UTF-16 units.
    package let labelUnits: Int
    package let editsMessages: Bool
    /// Whether `send` with a known nonce posts nothing new and returns the first message's id.
    package let deduplicatesSends: Bool
    /// How many messages one turn may take before older output is folded.
    package let messagesPerTurn: Int
    /// Whether calls are rationed, so that questions and finals go before edits of streamed output. Where they are
    /// not, everything is shown in order.
    package let rationsCalls: Bool
    /// How often `showTyping` is to be called while an agent works; `nil` where it shows nothing.
    package let typingInterval: Duration?
    /// How much of what a tool printed a message may show, in UTF-16 units; 0 where long quotes do not fold.
    package let toolOutputUnits: Int

    package init(
        textUnits: Int, labelUnits: Int = 60, editsMessages: Bool = true, deduplicatesSends: Bool = false,
        messagesPerTurn: Int = 12, rationsCalls: Bool = true, typingInterval: Duration? = nil,
        toolOutputUnits: Int = 0
    ) {
        self.textUnits = textUnits
        self.labelUnits = labelUnits
        self.editsMessages = editsMessages
        self.deduplicatesSends = deduplicatesSends
        self.messagesPerTurn = messagesPerTurn
        self.rationsCalls = rationsCalls
        self.typingInterval = typingInterval
        self.toolOutputUnits = toolOutputUnits
    }
}

/// Who goes first when a chat's budget is short; greater goes first.
package enum SendPriority: Int, Hashable, Sendable, Comparable {
    case stream, notice, question, final

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Why a chat platform's call failed.
package struct ChatError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Wait this long and try again; nothing was done.
        case flood(retryAfter: Duration)
        /// Nothing was done; trying again later is right.
        case unreachable
        /// It may or may not have been done.
        case outcomeUnknown
        /// The platform refuses this content for good.
        case rejected
        /// The message to edit no longer exists.
        case messageGone
        /// The bot may not write here any more (blocked, kicked, chat deleted).
        case chatGone
        /// The platform refuses the bot itself (bad token).
        case unauthorized
        case cancelled
    }

    package let code: Code
    /// Safe to show; holds no secret.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
