import AnycodeCore
import AnycodeStore
import Testing

@Suite struct InteractionTests {
    @Test func aRequestIsKeptOnce() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session("aa01"))
                try transaction.insertSession(Sample.session("bb02"))
                #expect(try transaction.insertInteraction(Sample.interaction("i1")))
                #expect(try !transaction.insertInteraction(Sample.interaction("i2")))
                #expect(try transaction.insertInteraction(Sample.interaction("i3", session: "bb02")))
                #expect(try transaction.insertInteraction(Sample.interaction("i4", requestKey: "\"7\"")))
                #expect(try transaction.interaction("i1".id()) == Sample.interaction("i1"))
                #expect(try transaction.interaction("i2".id()) == nil)
                #expect(try transaction.interactions(session: "aa01".id()).map(\.id.rawValue) == ["i1", "i4"])
            }
        }
    }

    @Test func anAnswerIsGivenOnce() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session())
                _ = try transaction.insertInteraction(Sample.interaction("i1"))
                let first = try transaction.answerInteraction(
                    "i1".id(), state: "answered", by: Sample.ana, answer: [1], at: Sample.later)
                let second = try transaction.answerInteraction(
                    "i1".id(), state: "cancelled", by: nil, answer: nil, at: Sample.later)
                let unknown = try transaction.answerInteraction(
                    "i9".id(), state: "answered", by: nil, answer: nil, at: Sample.later)
                #expect(first)
                #expect(!second)
                #expect(!unknown)
                let row = try #require(try transaction.interaction("i1".id()))
                #expect(row.state == "answered")
                #expect(row.answeredBy == Sample.ana)
                #expect(row.answeredAt == Sample.later)
                #expect(row.answer == [1])
            }
        }
    }

    @Test func openInteractionsAreFoundBySessionAndConversation() async throws {
        let thread = Conversation(chat: Sample.chat, thread: "t")
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session("aa01"))
                try transaction.insertSession(Sample.session("bb02", in: thread))
                try transaction.insertSession(Sample.session("cc03", isLive: false))
                _ = try transaction.insertInteraction(Sample.interaction("i1", requestKey: "1"))
                _ = try transaction.insertInteraction(Sample.interaction("i2", requestKey: "2"))
                _ = try transaction.insertInteraction(Sample.interaction("i3", session: "bb02"))
                _ = try transaction.insertInteraction(Sample.interaction("i4", session: "cc03"))
                _ = try transaction.answerInteraction(
                    "i1".id(), state: "cancelled", by: nil, answer: nil, at: Sample.later)
                #expect(try transaction.openInteractions(session: "aa01".id()).map(\.id.rawValue) == ["i2"])
                #expect(try transaction.openInteractions(in: Sample.conversation).map(\.id.rawValue) == ["i2"])
                #expect(try transaction.openInteractions(in: thread).map(\.id.rawValue) == ["i3"])
            }
        }
    }

    @Test func anInteractionNeedsItsSession() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            let error = await storeError {
                _ = try await store.write { try $0.insertInteraction(Sample.interaction("i1")) }
            }
            #expect(error?.code == .failed)
        }
    }
}
