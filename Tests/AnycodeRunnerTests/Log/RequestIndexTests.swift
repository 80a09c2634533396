import TestSupport
import Testing

@testable import AnycodeRunner

@Suite struct RequestIndexTests {
    private func request(_ id: Int) -> Message {
        Message(Array(#"{"id":\#(id),"method":"m"}"#.utf8)) ?? fallback
    }

    private var fallback: Message { request(0) }

    @Test func answersAndOpenRequestsSurviveTheLossOfTheirSegments() async throws {
        try await withTemporaryDirectory { directory in
            var ledger = RequestLedger()
            ledger.processStarted(3)
            let answer = EventLog.Position(segment: 1, offset: 0, count: 6)
            for id in 1...3 { ledger.sent(request(id)) }
            _ = ledger.received(try #require(Message(Array(#"{"id":1,"result":1}"#.utf8))), event: 4, at: answer)
            _ = ledger.received(try #require(Message(Array(#"{"id":"q","method":"ask"}"#.utf8))), event: 5, at: answer)
            var (index, _) = try RequestIndex.open(directory.file("index"), into: &ledger)
            try index.rewrite(&ledger, losing: [1], lastEvent: 9) { _ in Array("answer".utf8) }

            var restored = RequestLedger()
            let (reopened, lastEvent) = try RequestIndex.open(directory.file("index"), into: &restored)
            #expect(lastEvent == 9)
            #expect(restored.incarnation == 3)
            #expect(restored.running == [.init(json: "2"), .init(json: "3")])
            guard case .answered(let position)? = restored.requests[.init(json: "1")]?.entry else {
                Issue.record("the answer is lost")
                return
            }
            #expect(try reopened.payload(at: position) == Array("answer".utf8))
            let pending = try #require(restored.unanswered(upTo: 5, firstKept: 1).first)
            #expect(try reopened.payload(at: pending.position) == Array("answer".utf8))
            #expect(restored.unanswered(upTo: 4, firstKept: 1).isEmpty)
        }
    }

    @Test func largeAnswersKeepOnlyTheirIDs() async throws {
        try await withTemporaryDirectory { directory in
            var ledger = RequestLedger()
            ledger.sent(request(1))
            let large = EventLog.Position(segment: 1, offset: 0, count: RequestIndex.maximumAnswer + 1)
            _ = ledger.received(try #require(Message(Array(#"{"id":1,"result":1}"#.utf8))), event: 1, at: large)
            var (index, _) = try RequestIndex.open(directory.file("index"), into: &ledger)
            try index.rewrite(&ledger, losing: [1], lastEvent: 1) { _ in [] }
            var restored = RequestLedger()
            _ = try RequestIndex.open(directory.file("index"), into: &restored)
            #expect(ledger.requests[.init(json: "1")]?.entry == .answerCut)
            #expect(restored.requests[.init(json: "1")]?.entry == .answerCut)
        }
    }

    @Test func theOldestAnsweredRequestsAreForgottenFirst() {
        var ledger = RequestLedger()
        let position = EventLog.Position(segment: 1, offset: 0, count: 0)
        ledger.remember(.init(json: "r"), .init(method: "m", entry: .running))
        for id in 0...RequestLedger.maximumRequests {
            ledger.remember(.init(json: String(id)), .init(method: "m", entry: .answered(position)))
        }
        #expect(ledger.requests.count == RequestLedger.maximumRequests)
        #expect(ledger.requests[.init(json: "r")] != nil)
        #expect(ledger.requests[.init(json: "0")] == nil)
    }
}
