package import AnycodeCore

/// Forum topics: those that people made, and those that we open for our sessions.
extension TelegramPlatform {
    enum Topic: Hashable, Sendable {
        case open(Int64)
        /// It cannot be written to; the chat itself has to do.
        case unusable
    }

    /// The topic to write to; `nil` for the chat itself. A thread of ours that is no topic yet becomes one.
    func topic(of conversation: Conversation) async throws(ChatError) -> Int64? {
        guard let thread = conversation.thread, let number = Int64(conversation.chat.value) else { return nil }
        // A supergroup that the group became has no topics of its past.
        guard migrations[number] == nil else { return nil }
        switch try await known(conversation) {
        case .open(let topic)?: return topic
        case .unusable?: return nil
        case nil: return conversation.isOwnThread ? try await open(conversation) : Int64(thread)
        }
    }

    /// What is known of a thread without asking Telegram.
    func known(_ conversation: Conversation) async throws(ChatError) -> Topic? {
        if let topic = topics[conversation] { return topic }
        guard conversation.isOwnThread else { return nil }
        let text: String?
        do {
            text = try await configuration.memory.recall(Self.topicOfThread, of: conversation)
        } catch {
            throw ChatError(.unreachable, "What is known of a topic cannot be read: \(error)")
        }
        guard let text else { return nil }
        guard let topic = Int64(text) else {
            topics[conversation] = .unusable
            return .unusable
        }
        know(conversation, as: topic)
        return .open(topic)
    }

    /// Opens the topic. Where the bot may not, the chat itself has to do.
    private func open(_ conversation: Conversation) async throws(ChatError) -> Int64? {
        let memory = configuration.memory
        let name = (try? await memory.recall(ChatMemoryValue.threadName, of: conversation)) ?? "Task"
        do throws(ChatError) {
            let topic = try await createTopic(named: name, in: conversation.chat)
            try await keep([
                ChatMemoryValue(Self.topicOfThread, of: conversation, String(topic)),
                ChatMemoryValue(
                    Self.threadOfTopic, of: Conversation(chat: conversation.chat, thread: String(topic)),
                    conversation.thread ?? ""),
            ])
            know(conversation, as: topic)
            try await pass(try target(of: conversation.chat), .question)
            return topic
        } catch {
            guard error.code == .rejected || error.code == .chatGone else { throw error }
            try await keep([ChatMemoryValue(Self.topicOfThread, of: conversation, "none")])
            topics[conversation] = .unusable
            return nil
        }
    }

    private func keep(_ values: [ChatMemoryValue]) async throws(ChatError) {
        do {
            try await configuration.memory.keep(values)
        } catch {
            throw ChatError(.unreachable, "What is known of a topic cannot be stored: \(error)")
        }
    }

    /// A topic whose making was not confirmed is made again: nothing stands in the first.
    private func createTopic(named name: String, in chat: ChatID) async throws(ChatError) -> Int64 {
        let target = try target(of: chat)
        let words = TerminalText.line(name)
        let clipped = words.allSatisfy(\.isWhitespace) ? "Task" : Self.clipped(words, to: CreateForumTopic.longestName)
        if let pause = gate.pause(of: target) {
            throw ChatError(.flood(retryAfter: pause), "Telegram asked to wait.")
        }
        do throws(TelegramFailure) {
            let topic = try await client.call(CreateForumTopic(chatId: target, name: clipped))
            gate.answered(chat: target)
            return topic.messageThreadId
        } catch {
            gate.answered(chat: target)
            let problem = failed(error, in: target, isRepeatable: true)
            throw problem.code == .messageGone ? ChatError(.unreachable, problem.message) : problem
        }
    }

    private static let topicOfThread = "telegram.topic"

    // MARK: Typing

    package func showTyping(in conversation: Conversation) async {
        guard let chat = try? target(of: conversation.chat), gate.pause(of: chat) == nil else { return }
        let place: Topic? = (try? await known(conversation)) ?? nil
        let topic: Int64?
        switch place {
        case .open(let number)?: topic = number
        case .unusable?: topic = nil
        case nil:
            if conversation.isOwnThread { return }  // its first message opens it
            topic = conversation.thread.flatMap { Int64($0) }
        }
        guard typing.mayShow(at: time.now()) else { return }
        do throws(TelegramFailure) {
            _ = try await client.call(SendChatAction(chatId: chat, messageThreadId: topic))
        } catch {
            if case .flood(let retryAfter) = error.kind { typing.stop(until: time.now() + retryAfter) }
        }
    }
}

/// How often people may be shown that somebody types: it matters least of all that is sent. A value.
struct TelegramTyping: Sendable {
    private var shown: [Duration] = []
    private var stoppedUntil = Duration.zero

    /// Signs in any second, over all chats.
    private static let mostPerSecond = 5

    /// Whether a sign may go now; if so it is counted.
    mutating func mayShow(at now: Duration) -> Bool {
        shown.removeAll { $0 + .seconds(1) <= now }
        guard now >= stoppedUntil, shown.count < Self.mostPerSecond else { return false }
        shown.append(now)
        return true
    }

    mutating func stop(until time: Duration) { stoppedUntil = max(stoppedUntil, time) }
}
