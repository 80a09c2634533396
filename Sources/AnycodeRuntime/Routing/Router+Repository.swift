import AnycodeCore
import AnycodeStore
import Supervision

/// `/repo`: what tasks of a chat work on when they name no repository.
extension Router {
    private static let repositoryKey = "repository"

    /// What was set for the thread, else for its chat.
    func chatRepository(_ conversation: Conversation) async throws -> RequestedSource? {
        let spelling = try await runtime.store.read { transaction in
            try transaction.setting(Self.repositoryKey, conversation: conversation)
                ?? transaction.setting(Self.repositoryKey, conversation: Conversation(chat: conversation.chat))
        }
        return spelling.flatMap { RepositoryDetection.only(in: $0) }
    }

    func repository(_ words: String?, _ stored: StoredInbound) async throws {
        let conversation = stored.event.conversation
        guard let words else {
            let found = try await chatRepository(conversation)
            let fallback = runtime.configuration.defaultSource[conversation.chat.platform]
            let text =
                (found ?? fallback).map { "Tasks that name no repository work on \($0.spelling)." }
                ?? "Tasks that name no repository begin in an empty workspace."
            return try await finish(
                stored, reply: "\(text) `/repo org/repo` or `/repo URL` sets one, `/repo off` none.")
        }
        guard mayConfigure(stored) else {
            return try await finish(stored, reply: "Only an owner may set the repository of this chat.")
        }
        if words.lowercased() == "off" {
            return try await set(nil, "Tasks that name no repository begin without the chat's one now.", stored)
        }
        guard let source = RepositoryDetection.only(in: words) else {
            return try await finish(
                stored,
                reply:
                    "\(Self.quote(words)) is no repository. Write `org/repo` (GitHub) or a URL; without a password in it."
            )
        }
        try await set(source.spelling, "Tasks that name no repository work on \(source.spelling) now.", stored)
    }

    /// Owners where there are any; in private, and where there are none, whoever may write here.
    private func mayConfigure(_ stored: StoredInbound) -> Bool {
        let platform = stored.event.conversation.chat.platform
        return stored.event.isPrivate || !hasOwner(platform) || isOwner(stored.event.sender, on: platform)
    }

    private func set(_ value: String?, _ words: String, _ stored: StoredInbound) async throws {
        let conversation = stored.event.conversation
        try await finish(stored, replies: [(OutgoingMessage(markdown: words), conversation)]) {
            try $0.setSetting(Self.repositoryKey, value, conversation: conversation)
        }
    }
}
