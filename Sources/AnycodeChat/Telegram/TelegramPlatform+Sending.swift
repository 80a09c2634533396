package import AnycodeCore

extension TelegramPlatform {
    /// An attachment follows its text as a message of its own, which answers it. Text that is posted already is not
    /// posted again when only the document failed.
    package func send(
        _ message: OutgoingMessage, to conversation: Conversation, nonce: String
    ) async throws(ChatError) -> MessageID {
        let keyboard = try Self.keyboard(message.buttons)
        guard let attachment = message.attachment else {
            return try await post(
                Self.text(message.markdown), keyboard: keyboard, rings: message.rings, to: conversation
            )
            .message
        }
        let problem = Self.problem(with: attachment)
        let markdown = problem.map { Self.markdown(message.markdown, lacking: attachment, because: $0) }
        var sent: HalfSent
        if let known = halfSent[nonce] {
            sent = known
        } else {
            sent = try await post(
                Self.text(markdown ?? message.markdown), keyboard: keyboard, rings: message.rings, to: conversation)
            guard problem == nil else { return sent.message }
            halfSent[nonce] = sent
            try await pass(sent.place.chat, .question)
        }
        do throws(ChatError) {
            try await attach(attachment, to: sent, in: conversation)
        } catch {
            if error.code == .rejected {
                halfSent[nonce] = nil
                let text = Self.markdown(message.markdown, lacking: attachment, because: error.message)
                try await pass(sent.place.chat, .question)
                try? await edit(
                    sent.message, in: conversation, to: OutgoingMessage(markdown: text, buttons: message.buttons))
                return sent.message
            }
            if error.code == .outcomeUnknown {
                sent.isUnknown = true
                halfSent[nonce] = sent
            }
            throw error
        }
        halfSent[nonce] = nil
        return sent.message
    }

    package func edit(
        _ id: MessageID, in conversation: Conversation, to message: OutgoingMessage
    ) async throws(ChatError) {
        let place = try self.place(of: id, in: conversation)
        let wanted = Shown(text: Self.text(message.markdown), keyboard: try Self.keyboard(message.buttons))
        let before = shown[place]
        guard before != wanted else { return }
        if before?.text == wanted.text {
            let request = EditMessageReplyMarkup(
                chatId: place.chat, messageId: place.message, replyMarkup: wanted.keyboard)
            try await change(request)
        } else {
            let request = EditMessageText(
                chatId: place.chat, messageId: place.message, text: wanted.text.text, entities: wanted.text.entities,
                replyMarkup: wanted.keyboard)
            try await change(request)
        }
        shown[place] = wanted
    }

    package func acknowledge(_ callback: String, note: String) async throws(ChatError) {
        guard answered[callback] == nil else { return }
        answered[callback] = true
        let text = note.isEmpty ? nil : Self.clipped(note, to: AnswerCallbackQuery.longestText)
        do throws(TelegramFailure) {
            _ = try await client.call(AnswerCallbackQuery(callbackQueryId: callback, text: text))
        } catch {
            if error.isStaleCallback { return }
            answered[callback] = nil
            throw error.chatError(isRepeatable: true)
        }
    }

    /// Shows for five seconds that somebody is typing.
    package func showTyping(in conversation: Conversation) async throws(ChatError) {
        let chat = try target(of: conversation.chat)
        try await pass(chat, .stream)
        do throws(TelegramFailure) {
            _ = try await client.call(SendChatAction(chatId: chat, messageThreadId: thread(of: conversation)))
        } catch {
            throw failed(error, in: chat, isRepeatable: true)
        }
    }

    /// Opens a topic where the chat is a forum and the bot may; fails with `rejected` or `chatGone` elsewhere.
    package func openTopic(named name: String, in chat: ChatID) async throws(ChatError) -> Conversation {
        let target = try target(of: chat)
        try await pass(target, .question)
        let words = TerminalText.line(name)
        let clipped = words.allSatisfy(\.isWhitespace) ? "Task" : Self.clipped(words, to: CreateForumTopic.longestName)
        do throws(TelegramFailure) {
            let topic = try await client.call(CreateForumTopic(chatId: target, name: clipped))
            return Conversation(chat: chat, thread: String(topic.messageThreadId))
        } catch {
            throw failed(error, in: target, isRepeatable: false)
        }
    }

    // MARK: Calls

    func post(
        _ text: TelegramText, keyboard: InlineKeyboard?, rings: Bool, to conversation: Conversation,
        answering: Int64? = nil
    ) async throws(ChatError) -> HalfSent {
        let request = SendMessage(
            chatId: try target(of: conversation.chat), messageThreadId: thread(of: conversation), text: text.text,
            entities: text.entities, disableNotification: !rings,
            replyParameters: answering.map { ReplyParameters(messageId: $0) }, replyMarkup: keyboard)
        let client = client
        let (sent, chat) = try await insist(request) { request async throws(TelegramFailure) in
            try await client.call(request)
        }
        let place = Place(chat: chat, message: sent.messageId)
        shown[place] = Shown(text: text, keyboard: keyboard)
        return HalfSent(message: name(of: place, in: conversation), place: place)
    }

    private func attach(
        _ file: ChatAttachment, to sent: HalfSent, in conversation: Conversation
    ) async throws(ChatError) {
        let request = SendDocument(
            chatId: sent.place.chat, messageThreadId: thread(of: conversation), disableNotification: true,
            replyParameters: ReplyParameters(messageId: sent.place.message),
            caption: sent.isUnknown ? "(possibly a repeat)" : nil)
        let client = client
        _ = try await insist(request) { request async throws(TelegramFailure) in
            try await client.upload(request, file: file)
        }
    }

    private func change(_ request: some TelegramChatRequest) async throws(ChatError) {
        let client = client
        _ = try await insist(request) { request async throws(TelegramFailure) in
            do throws(TelegramFailure) {
                _ = try await client.call(request)
            } catch {
                if !error.isNotModified { throw error }
            }
        }
    }

    /// Makes a call, again where the chat takes it in another form: under its new id, outside of a topic that is gone,
    /// without formatting.
    private func insist<Request: TelegramChatRequest, Answer: Sendable>(
        _ request: Request, _ call: (Request) async throws(TelegramFailure) -> Answer
    ) async throws(ChatError) -> (Answer, chat: Int64) {
        var pending = request
        while true {
            if let pause = gate.pause(of: pending.chatId) {
                throw ChatError(.flood(retryAfter: pause), "Telegram asked to wait.")
            }
            do throws(TelegramFailure) {
                return (try await call(pending), pending.chatId)
            } catch {
                guard adapt(&pending, to: error) else {
                    throw failed(error, in: pending.chatId, isRepeatable: Request.isRepeatable)
                }
            }
            try await pass(pending.chatId, .question)
        }
    }

    private func adapt(_ request: inout some TelegramChatRequest, to failure: TelegramFailure) -> Bool {
        if case .migrated(let new) = failure.kind {
            // Messages have other numbers in the new group: nothing can be edited there by its old one.
            guard !request.isEdit, migrations[new] == nil, new != request.chatId else { return false }
            migrations[request.chatId] = new
            request.chatId = new
            return true
        }
        if failure.isThreadGone { return request.dropThread() }
        if failure.isFormatting { return request.dropFormatting() }
        return false
    }

    func failed(_ failure: TelegramFailure, in chat: Int64, isRepeatable: Bool) -> ChatError {
        switch failure.kind {
        case .flood(let retryAfter): gate.block(chat: chat, for: retryAfter)
        case .migrated(let new): migrations[chat] = new
        default: break
        }
        return failure.chatError(isRepeatable: isRepeatable)
    }
}
