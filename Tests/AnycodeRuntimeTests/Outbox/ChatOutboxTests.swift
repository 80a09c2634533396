import AnycodeCore
import AnycodeStore
import Supervision
import TestSupport
import Testing

@testable import AnycodeRuntime

struct ChatOutboxTests {
    @Test func anOutboxThatStartsAgainShowsWhatItsSessionsWant() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.chat.goOffline(for: .seconds(30))
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        #expect(bench.texts().isEmpty)
        let supervisor = try #require(bench.runtime.outboxSupervisor[.outboxes])
        try supervisor.restartChild(bench.room)
        bench.wait(.seconds(60))
        #expect(bench.texts().count == 3, "head, output and report of a session that is idle by now")
    }

    @Test func anOutboxThatStartedAgainHasNotShownWhatItWasNotGiven() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        let id = try #require(try bench.sessions().first).id
        let (runtime, room) = (bench.runtime, bench.room)
        #expect(throws: CancellationError.self) {
            try bench.executor.complete {
                let outbox = try await runtime.outbox(for: room)
                await outbox.close(id)
                try await outbox.waitUntilSettled(id)
            }
        }
    }

    @Test func aSendThatIsCancelledBeforeItsAnswerMayBeARepeat() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.chat.write("/task {say}", in: bench.room, by: bench.ana, replyTo: nil)
        for _ in 0..<10_000 where bench.texts().isEmpty { bench.wait(.milliseconds(1)) }
        let supervisor = try #require(bench.runtime.outboxSupervisor[.outboxes])
        try supervisor.restartChild(bench.room)
        bench.wait(.seconds(60))
        let heads = bench.texts().filter { $0.contains("Status:") }
        #expect(heads.count == 2, "posted, but the answer did not come")
        #expect(heads.count { $0.contains("possibly a repeat") } == 1)
    }

    @Test func outputGoesOnInTheSameMessageAfterAKill() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {one,two,three,permission}")
        bench.wait(.seconds(2))
        let before = bench.texts().count
        #expect(before >= 1)
        try bench.restart()
        bench.wait(.seconds(20))
        let texts = bench.texts()
        #expect(texts.count { $0.contains("<one>") } == 1)
        #expect(texts.contains { $0.contains("<one> <two> <three>") })
        #expect(!texts.contains { $0.contains("possibly a repeat") })
    }

    @Test func whatStreamedMessagesShowIsStoredWhenTheirTurnIsOver() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {one,two,three,four,five,six}")
        bench.wait(.seconds(60))
        let id = try #require(try bench.sessions().first).id
        let rows = try bench.read { try $0.slots(session: id) }
        #expect(rows.count == 3, "head, output and report")
        #expect(rows.allSatisfy { $0.state == "sent" && MessageDigest(bytes: $0.shown) != .unknown })
    }

    @Test func aChatThatIsGoneHoldsNothingBack() throws {
        let bench = try RuntimeBench { $0.session.linger = .zero }
        bench.chat.ban()
        try bench.start()
        bench.write("/task {edit}")
        bench.wait(.seconds(120))
        #expect(try bench.sessions().map(\.isLive) == [false])
        #expect(bench.host.sandboxes.isEmpty)
    }

    @Test func whatAChatMissedItGetsOnceTheBotIsLetInAgain() throws {
        let bench = try RuntimeBench { $0.session.linger = .zero }
        try bench.start()
        bench.chat.ban()
        bench.write("/task {edit}")
        bench.wait(.seconds(120))
        #expect(try bench.sessions().map(\.isLive) == [false])
        #expect(!bench.texts().contains { $0.contains("✅ Done") })
        try bench.restart()
        bench.wait(.seconds(5))
        bench.chat.ban(false)
        bench.write("/help")
        bench.wait(.seconds(5))
        #expect(bench.texts().count { $0.contains("✅ Done") } == 1)
    }

    @Test func aSessionThatGoesOnShowsWhatWasMissed() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.chat.ban()
        bench.write("/task {permission}")
        bench.wait(.seconds(60))
        #expect(!bench.texts().contains { $0.contains("May it?") })
        bench.chat.ban(false)
        bench.write("/status")
        bench.wait(.seconds(5))
        #expect(bench.texts().count { $0.contains("May it?") } == 1)
    }

    @Test func aQuestionThatSomebodyDeletesIsAskedAnewWhenItChanges() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        let question = try #require(bench.chat.messages.first { $0.content.markdown.contains("May it?") })
        bench.chat.delete(question.id)
        bench.click(question.content.buttons[0][0])
        bench.wait(.seconds(10))
        #expect(bench.texts().count { $0.contains("→ **Allow once** (Ana)") } == 1)
    }

    @Test func aFloodIsWaitedFor() throws {
        let bench = try RuntimeBench()
        bench.chat.flood(.seconds(10))
        try bench.start()
        bench.write("/help")
        #expect(bench.texts().isEmpty)
        bench.wait(.seconds(10))
        #expect(bench.texts().count == 1)
    }

    @Test func closedSessionsLeaveNothingBehind() throws {
        let bench = try RuntimeBench { $0.session.linger = .zero }
        try bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(60))
        let outbox = try #require(bench.runtime.outboxes[bench.room])
        #expect(try bench.executor.complete { await outbox.knownSessions } == 0)
        #expect(bench.runtime.sessions.count == 0)
    }
}
