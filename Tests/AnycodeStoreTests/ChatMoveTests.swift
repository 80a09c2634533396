import AnycodeCore
import AnycodeStore
import Testing

/// A chat goes on under another id.
@Suite struct ChatMoveTests {
    private let new = ChatID(platform: Sample.chat.platform, value: "c9")
    private let other = ChatID(platform: Sample.chat.platform, value: "c2")

    @Test func everythingOfTheChatFollowsAndNothingElse() async throws {
        let (new, other) = (new, other)
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session("aa01", in: Conversation(chat: Sample.chat, thread: "t")))
                try transaction.insertSession(Sample.session("bb02", in: Conversation(chat: other)))
                for session in ["aa01", "bb02"] {
                    try transaction.putSlot(Sample.slot("x", session: session, message: "1"))
                    try transaction.putSlot(Sample.slot("y", session: session))
                }
                for chat in [Sample.chat, other] {
                    let conversation = Conversation(chat: chat)
                    _ = try transaction.insertNotice(
                        conversation: conversation, message: [1], nonce: "n", at: Sample.instant)
                    try transaction.setSetting("repo", chat.value, conversation: conversation)
                    let event = Sample.event(key: chat.value).moved(to: conversation)
                    _ = try transaction.insertInbound(event, platform: chat.platform, receivedAt: Sample.instant)
                }
                #expect(try transaction.moveChat(Sample.chat, to: new) == 6)

                #expect(try transaction.session("aa01".id())?.conversation == Conversation(chat: new, thread: "t"))
                #expect(try transaction.session("bb02".id())?.conversation.chat == other)
                #expect(try transaction.slots(session: "aa01".id()).map(\.message) == ["c1:1".id(), nil])
                #expect(try transaction.slots(session: "bb02".id()).map(\.message) == ["1".id(), nil])
                #expect(try transaction.chatsWithPendingNotices() == [other, new])
                #expect(try transaction.setting("repo", conversation: Conversation(chat: new)) == "c1")
                #expect(try transaction.setting("repo", conversation: Conversation(chat: Sample.chat)) == nil)
                #expect(try transaction.pendingInbound(limit: 9).map(\.event.conversation.chat) == [new, other])
                #expect(try transaction.moveChat(Sample.chat, to: new) == 0)
                #expect(try transaction.movedChats() == [new: Sample.chat])
            }
        }
    }
}
