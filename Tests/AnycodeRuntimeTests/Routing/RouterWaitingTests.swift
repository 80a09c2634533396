import AnycodeCore
import AnycodeStore
import Foundation
import Testing

@testable import AnycodeRuntime

struct RouterWaitingTests {
    private func bench(_ change: (inout RuntimeConfiguration) -> Void = { _ in }) throws -> RuntimeBench {
        let bench = try RuntimeBench(change)
        try bench.start()
        return bench
    }

    private func late(_ bench: RuntimeBench, _ minutes: Double = 42) {
        bench.chat.write("/task {say}", in: bench.room, by: bench.ana, ago: minutes * 60)
        bench.wait(.seconds(1))
    }

    // MARK: Late

    @Test func aTaskThatComesLateAsksBeforeItRuns() throws {
        let bench = try bench()
        late(bench)
        #expect(try bench.sessions().isEmpty)
        let question = try #require(bench.chat.messages.last)
        #expect(question.content.rings)
        #expect(question.content.markdown.contains("sent 42 min ago"))
        #expect(question.content.markdown.contains("a clock is wrong"))
        bench.click(try #require(bench.button("Run")), by: bench.eve)
        #expect(bench.chat.notes == ["Only Ana may decide this."])
        try bench.restart()
        let run = try #require(bench.button("Run"))
        bench.click(run)
        bench.click(run)
        bench.wait(.seconds(20))
        #expect(try bench.sessions().count == 1)
        #expect(bench.chat.notes.last == "This has been settled already.")
        #expect(bench.texts()[0].contains("Started by Ana"))
        #expect(bench.chat.messages[0].content.buttons.isEmpty)
    }

    @Test func aLateTaskMayBeDropped() throws {
        let bench = try bench()
        late(bench)
        bench.click(try #require(bench.button("Drop")))
        bench.wait(.seconds(5))
        #expect(bench.texts() == ["Dropped by Ana: `{say}`"])
        #expect(try bench.sessions().isEmpty)
        #expect(try bench.read { try $0.waitingTasks(inChat: Sample.room) }.isEmpty)
    }

    @Test func aLittleLateIsInTime() throws {
        let bench = try bench()
        late(bench, 9)
        #expect(try bench.sessions().count == 1)
    }

    @Test func aClockThatIsOffIsFoundAndNotHeldAgainstTasks() throws {
        let bench = try bench()
        late(bench, 60)
        bench.wait(.seconds(120))
        late(bench, 60)
        bench.wait(.seconds(10))
        #expect(try bench.sessions().count == 1)
        #expect(bench.announcements.all.contains { $0.contains("the clock of this machine is 1 h ahead") })
        bench.wait(.seconds(120))
        late(bench, 60)
        #expect(try bench.sessions().count == 2)
    }

    @Test func aBacklogIsNotTakenForAClockThatIsOff() {
        var lateness = Lateness()
        let start = Date(timeIntervalSinceReferenceDate: 0)
        for minute in [0.0, 10, 20] {
            let found = lateness.observe(
                sentAt: start.addingTimeInterval(minute * 60), receivedAt: start.addingTimeInterval(3600))
            #expect(found == nil)
        }
        #expect(lateness.age(sentAt: start, now: start.addingTimeInterval(3600)) == 3600)
        // Two that were held up equally long, but came together.
        #expect(lateness.observe(sentAt: start, receivedAt: start.addingTimeInterval(3601)) == nil)
        #expect(lateness.offset == 0)
    }

    @Test func aClockThatWasSetRightCountsAgain() {
        var lateness = Lateness()
        let start = Date(timeIntervalSinceReferenceDate: 0)
        _ = lateness.observe(sentAt: start, receivedAt: start.addingTimeInterval(3600))
        let found = lateness.observe(
            sentAt: start.addingTimeInterval(100), receivedAt: start.addingTimeInterval(3701))
        #expect(found == 3600)
        #expect(lateness.age(sentAt: start.addingTimeInterval(200), now: start.addingTimeInterval(3800)) == nil)
        _ = lateness.observe(sentAt: start.addingTimeInterval(300), receivedAt: start.addingTimeInterval(302))
        #expect(lateness.offset == 2)
        #expect(lateness.age(sentAt: start, now: start.addingTimeInterval(3600)) == 3598)
    }

    // MARK: No place

    @Test func aTaskWithoutAPlaceIsQueuedByAButtonAndStartsInItsTurn() throws {
        let bench = try bench { $0.maxConcurrent = 1 }
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        bench.write("/task first {say}")
        let first = try #require(bench.button("Queue it"))
        bench.write("/task second {say}")
        let second = try #require(bench.button("Queue it"))
        bench.click(second, by: bench.eve)
        bench.click(second)
        bench.click(first)
        bench.click(first)
        #expect(
            bench.chat.notes
                == ["Only Ana may decide this.", "Queued", "Queued", "This has been settled already."])
        bench.write("/status")
        let status = try #require(bench.texts().last)
        #expect(status.contains("**Waiting for a place**"))
        #expect(status.contains("1. ") && status.contains("`first {say}`"))
        try bench.restart()
        bench.wait(.seconds(10))
        #expect(try bench.sessions().count == 1)
        bench.click(try #require(bench.button("Allow once")))
        bench.wait(.seconds(60))
        let sessions = try bench.sessions()
        #expect(sessions.map(\.prompt) == ["{permission}", "first {say}", "second {say}"])
        #expect(bench.texts().contains { $0.contains("Started from the queue: `first {say}`") })
        #expect(try bench.read { try $0.waitingTasks(inChat: Sample.room) }.isEmpty)
    }

    @Test func aQueuedTaskIsDroppedByItsButtonOrByCancel() throws {
        let bench = try bench { $0.maxTotal = 1 }
        bench.write("/task {permission}")
        for _ in 0..<2 {
            bench.write("/task more {say}")
            bench.click(try #require(bench.button("Queue it")))
        }
        #expect(bench.texts().contains { $0.contains("place 2") })
        bench.click(try #require(bench.button("Drop")))
        let left = try bench.read { try $0.waitingTasks(inChat: Sample.room) }
        #expect(left.map(\.state) == [.queued])
        bench.write("/cancel \(left[0].id.prefix(8))", by: bench.eve)
        #expect(bench.texts().last == "Only Ana may drop this.")
        bench.write("/cancel \(left[0].id.prefix(8))")
        #expect(bench.texts().contains("Dropped: `more {say}`"))
        #expect(try bench.read { try $0.waitingTasks(inChat: Sample.room) }.isEmpty)
        #expect(try bench.sessions().count == 1)
    }

    @Test func onlySoManyTasksMayWait() throws {
        let bench = try bench { $0.maxTotal = 0 }
        for _ in 0..<51 { bench.write("/task {say}") }
        #expect(bench.texts().last?.contains("50 tasks wait already; this one was not taken") == true)
    }

    // MARK: The chat's repository

    @Test func tasksThatNameNoRepositoryWorkOnTheChatsOne() throws {
        let bench = try bench()
        bench.write("/repo")
        #expect(bench.texts().last?.contains("begin in an empty workspace") == true)
        bench.write("/repo and/or what")
        #expect(bench.texts().last?.contains("is no repository") == true)
        bench.write("/repo https://ana:secret@github.com/org/site")
        #expect(bench.texts().last?.contains("is no repository") == true)
        bench.write("/repo org/site")
        bench.write("/task {say}")
        bench.write("/task {say} in other/thing")
        bench.write("/task {say}", in: ChatID(platform: PlatformID("sim"), value: "den"))
        bench.write("/status")
        #expect(bench.texts().contains { $0.hasSuffix("\nRepository: org/site") })
        bench.write("/repo off")
        bench.write("/task {say}")
        bench.wait(.seconds(30))
        let rows = try bench.sessions()
        let sources = try rows.map {
            try JSONCoding.decode(StoredSession.self, from: $0.snapshot).header.source?.spelling
        }
        #expect(sources == ["org/site", "other/thing", nil, nil])
    }

    @Test func whereThereAreOwnersOnlyTheySetTheRepositoryOfAGroup() throws {
        let bench = try bench {
            $0.access[PlatformID("sim")] = AccessRule(
                mode: .list, people: [Sample.eve.id], owners: [Sample.ana.id])
        }
        bench.write("/repo org/evil", by: bench.eve)
        #expect(bench.texts().last?.hasPrefix("Only an owner") == true)
        bench.write("/repo org/site")
        #expect(bench.texts().last?.contains("work on org/site now") == true)
    }
}
