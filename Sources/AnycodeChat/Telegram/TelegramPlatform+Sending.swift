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
            // The text is posted, so the chat is there: documents are what it does not take.
            if error.code == .rejected || error.code == .chatGone {
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
            try await change(request, in: conversation)
        } else {
            let request = EditMessageText(
                chatId: place.chat, messageId: place.message, text: wanted.text.text, entities: wanted.text.entities,
                replyMarkup: wanted.keyboard)
            try await change(request, in: conversation)
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

    // MARK: Calls

    func post(
        _ text: TelegramText, keyboard: InlineKeyboard?, rings: Bool, to conversation: Conversation,
        answering: Int64? = nil
    ) async throws(ChatError) -> HalfSent {
        let topic = try await topic(of: conversation)
        let request = SendMessage(
            chatId: try target(of: conversation.chat), messageThreadId: topic, text: text.text,
            entities: text.entities, disableNotification: !rings,
            replyParameters: answering.map { ReplyParameters(messageId: $0) }, replyMarkup: keyboard)
        let client = client
        let (sent, chat) = try await insist(request, in: conversation) { request async throws(TelegramFailure) in
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
            chatId: sent.place.chat, messageThreadId: try await topic(of: conversation), disableNotification: true,
            replyParameters: ReplyParameters(messageId: sent.place.message),
            caption: sent.isUnknown ? "(possibly a repeat)" : nil)
        let client = client
        _ = try await insist(request, in: conversation) { request async throws(TelegramFailure) in
            try await client.upload(request, file: file)
        }
    }

    private func change(_ request: some TelegramChatRequest, in conversation: Conversation) async throws(ChatError) {
        let client = client
        _ = try await insist(request, in: conversation) { request async throws(TelegramFailure) in
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
        _ request: Request, in conversation: Conversation, _ call: (Request) async throws(TelegramFailure) -> Answer
    ) async throws(ChatError) -> (Answer, chat: Int64) {
        var pending = request
        while true {
            if let pause = gate.pause(of: pending.chatId) {
                throw ChatError(.flood(retryAfter: pause), "Telegram asked to wait.")
            }
            do throws(TelegramFailure) {
                let answer = try await call(pending)
                gate.answered(chat: pending.chatId)
                return (answer, pending.chatId)
            } catch {
                gate.answered(chat: pending.chatId)
                guard adapt(&pending, to: error, in: conversation) else {
                    throw failed(error, in: pending.chatId, isRepeatable: Request.isRepeatable)
                }
            }
            try await pass(pending.chatId, .question)
        }
    }

    private func adapt(
        _ request: inout some TelegramChatRequest, to failure: TelegramFailure, in conversation: Conversation
    ) -> Bool {
        if case .migrated(let new) = failure.kind {
            // Messages have other numbers in the new group: nothing can be edited there by its old one.
            guard !request.isEdit, migrations[new] == nil, new != request.chatId else { return false }
            learn(request.chatId, became: new)
            request.chatId = new
            return true
        }
        if failure.isThreadGone {
            topics[conversation] = .unusable
            return request.dropThread()
        }
        if failure.isFormatting { return request.dropFormatting() }
        return false
    }

    func failed(_ failure: TelegramFailure, in chat: Int64, isRepeatable: Bool) -> ChatError {
        switch failure.kind {
        case .flood(let retryAfter): block(chat, for: retryAfter)
        case .migrated(let new): learn(chat, became: new)
        default: break
        }
        return failure.chatError(isRepeatable: isRepeatable)
    }
}
