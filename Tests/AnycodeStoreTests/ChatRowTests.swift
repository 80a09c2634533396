import AnycodeCore
import AnycodeStore
import Testing

/// Buttons, slots, notices: what the chat shows.
@Suite struct ChatRowTests {
    @Test func buttonsAreFoundByTokenUntilTheSessionDropsThem() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session())
                _ = try transaction.insertInteraction(Sample.interaction("i1"))
                let bound = ButtonRow(
                    token: "t1", session: "aa01".id(), interaction: "i1".id(), action: [1], createdAt: Sample.instant)
                let free = ButtonRow(token: "t2", action: [2], createdAt: Sample.instant)
                try transaction.insertButtons([bound, free])
                #expect(try transaction.button("t1") == bound)
                #expect(try transaction.button("t2") == free)
                #expect(try transaction.button("t3") == nil)
                try transaction.deleteButtons(session: "aa01".id())
                #expect(try transaction.button("t1") == nil)
                #expect(try transaction.button("t2") == free)
            }
        }
    }

    @Test func slotsComeByPositionAndAreReplacedByKey() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session())
                try transaction.putSlot(Sample.slot("second", position: 2))
                try transaction.putSlot(Sample.slot("first", position: 1))
                var changed = Sample.slot("second", position: 3, message: "m9")
                changed.attempts = 4
                changed.updatedAt = Sample.later
                try transaction.putSlot(changed)
                #expect(try transaction.slots(session: "aa01".id()) == [Sample.slot("first", position: 1), changed])
            }
        }
    }

    @Test func aMessageLeadsToItsSlotInItsChatOnly() async throws {
        let elsewhere = ChatID(platform: "console".id(), value: "c2")
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session("aa01"))
                try transaction.insertSession(Sample.session("bb02", in: Conversation(chat: elsewhere, thread: "t")))
                try transaction.putSlot(Sample.slot("x", message: "1"))
                try transaction.putSlot(Sample.slot("y", session: "bb02", message: "1"))
                let here = try transaction.slot(conversationChat: Sample.chat, message: "1".id())
                let there = try transaction.slot(conversationChat: elsewhere, message: "1".id())
                let nowhere = try transaction.slot(conversationChat: elsewhere, message: "2".id())
                #expect(here?.session == "aa01".id())
                #expect(there?.session == "bb02".id())
                #expect(nowhere == nil)
            }
        }
    }

    @Test func noticesWaitInOrderUntilSentOrDeleted() async throws {
        let thread = Conversation(chat: Sample.chat, thread: "t")
        let elsewhere = Conversation(chat: ChatID(platform: "b".id(), value: "c2"))
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                let first = try transaction.insertNotice(
                    conversation: Sample.conversation, message: [1], nonce: "n1", at: Sample.instant)
                let second = try transaction.insertNotice(
                    conversation: thread, message: [2], nonce: "n2", at: Sample.later)
                let third = try transaction.insertNotice(
                    conversation: elsewhere, message: [3], nonce: "n3", at: Sample.later)
                #expect(
                    try transaction.pendingNotices(chat: Sample.chat) == [
                        NoticeRow(
                            sequence: first, conversation: Sample.conversation, message: [1], nonce: "n1",
                            state: "pending", createdAt: Sample.instant),
                        NoticeRow(
                            sequence: second, conversation: thread, message: [2], nonce: "n2", state: "pending",
                            createdAt: Sample.later),
                    ])
                #expect(try transaction.chatsWithPendingNotices() == [elsewhere.chat, Sample.chat])
                try transaction.setNoticeState(first, "unknown")
                try transaction.setNoticeState(second, "sent")
                try transaction.deleteNotice(third)
                #expect(try transaction.pendingNotices(chat: Sample.chat).map(\.state) == ["unknown"])
                #expect(try transaction.chatsWithPendingNotices() == [Sample.chat])
            }
        }
    }
}
