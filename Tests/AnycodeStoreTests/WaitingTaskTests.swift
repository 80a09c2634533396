import AnycodeCore
import AnycodeStore
import Testing

@Suite struct WaitingTaskTests {
    private func task(_ id: String, _ state: WaitingTaskRow.State, in chat: ChatID = Sample.chat) -> WaitingTaskRow {
        WaitingTaskRow(
            id: id, conversation: Conversation(chat: chat), person: Person(id: "ana".id(), name: "Ana"),
            agent: "demo".id(), prompt: "do \(id)", files: [1], state: state, createdAt: Sample.instant)
    }

    @Test func tasksWaitInOrderOfTheirArrival() async throws {
        let elsewhere = ChatID(platform: "sim".id(), value: "elsewhere")
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertWaitingTask(task("a", .offered))
                try transaction.insertWaitingTask(task("b", .queued, in: elsewhere))
                var third = task("c", .queued)
                third.opensThread = true
                try transaction.insertWaitingTask(third)
                #expect(try transaction.queuedTasks(limit: 10).map(\.id) == ["b", "c"])
                try transaction.setWaitingTask("a", .queued, message: "m1".id())
                try transaction.setWaitingTask("a", .queued, message: nil)
                #expect(try transaction.queuedTasks(limit: 2).map(\.id) == ["a", "b"])
                #expect(try transaction.waitingTasks(inChat: Sample.chat).map(\.id) == ["a", "c"])
                #expect(try transaction.waitingTasks(inChat: Sample.chat).map(\.opensThread) == [false, true])
                var expected = task("a", .queued)
                expected.sequence = 1
                expected.message = "m1".id()
                #expect(try transaction.waitingTask("a") == expected)
                try transaction.deleteWaitingTask("a")
                #expect(try transaction.waitingTask("a") == nil)
            }
        }
    }

    @Test func onlyWhatNobodyQueuedIsForgotten() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertWaitingTask(task("a", .late))
                try transaction.insertWaitingTask(task("b", .queued))
                try transaction.insertButtons([ButtonRow(token: "t", action: [1], createdAt: Sample.instant)])
                try transaction.pruneWaitingTasks(before: Sample.later)
                try transaction.pruneButtons(before: Sample.later)
                #expect(try transaction.waitingTasks(inChat: Sample.chat).map(\.id) == ["b"])
                #expect(try transaction.button("t") == nil)
            }
        }
    }

    @Test func aNoticeMayReplaceAMessage() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertNotice(
                    conversation: Sample.conversation, message: [1], nonce: "n", edits: "m7".id(), at: Sample.instant)
                #expect(try transaction.pendingNotices(chat: Sample.chat).map(\.edits) == ["m7".id()])
            }
        }
    }

    @Test func narrowQueriesNameTheLiveOnly() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                for id in ["aa01", "bb02", "cc03"] { try transaction.insertSession(Sample.session(id)) }
                let chat = Sample.session("aa01").conversation.chat
                let ids: [SessionID] = ["aa01".id(), "bb02".id(), "cc03".id()]
                #expect(try transaction.liveSessionIDs() == ids)
                #expect(try transaction.liveSessionIDs(inChat: chat) == ids)
                #expect(try transaction.liveSessionIDs(in: Conversation(chat: chat), limit: 2) == Array(ids[..<2]))
                #expect(try transaction.newestLiveSessions(inChat: chat, limit: 2).map(\.id) == Array(ids[1...]))
                #expect(try transaction.newestSession(inChat: chat)?.id == "cc03".id())
                #expect(try transaction.countLiveSessions() == 3)
                let other = ChatID(platform: "x".id(), value: "y")
                #expect(try transaction.liveSessionIDs(inChat: other).isEmpty)
                #expect(try transaction.newestSession(inChat: other) == nil)
            }
        }
    }
}
