import AnycodeCore
import AnycodeSimulation
import AnycodeStore
import GRDB
import Supervision
import TestSupport
import Testing

@testable import AnycodeRuntime

/// Faults, one at a time: what operators are shown names the cause in words, and what can mend itself does.
struct FaultTests {
    /// A session in the middle of a turn that waits for its next step.
    private func working(
        _ script: String = "{say,edit,permission}",
        _ change: (inout RuntimeConfiguration) -> Void = { _ in }
    ) throws -> FaultBench {
        let bench = try FaultBench(database: nil, change)
        bench.start()
        bench.write("/task \(script)")
        return bench
    }

    // MARK: The agent

    @Test func anAgentThatIsSilent() throws {
        let bench = try FaultBench()
        bench.start()
        bench.faults.agentIsSilent = false
        bench.write("/task {a,b,c,d,e,f,g,h}")
        bench.wait(.seconds(1))
        bench.faults.agentIsSilent = true
        bench.wait(.seconds(240))
        #expect(bench.tree.contains("waiting for sim: its next sign of life in turn 1, 4 min"))
        #expect(bench.tree.contains("left"))
        bench.wait(.seconds(1800))
        #expect(try bench.show().contains("reason  the agent was silent for 20 min"))
    }

    @Test func anAgentThatExited() throws {
        let bench = try working("{say,crash}")
        bench.wait(.seconds(20))
        #expect(bench.tree.contains("the last turn failed: the agent ended"))
        #expect(try bench.show().contains("the last turn failed: the agent ended"))
        bench.write("{say}")
        bench.wait(.seconds(20))
        #expect(!bench.tree.contains("failed"))
    }

    @Test func aModelWhoseQuotaIsSpent() throws {
        let bench = try FaultBench()
        bench.faults.turnFailure =
            "You exceeded your current quota, please check your plan and billing details"
        bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        #expect(bench.tree.contains("the last turn failed: You exceeded your current quota"))
        #expect(try bench.show().contains("You exceeded your current quota"))
        #expect(bench.texts.contains { $0.contains("You exceeded your current quota") })
    }

    @Test func aSecretThatIsMasked() throws {
        let bench = try working("{say,hunter2-hunter2,permission}")
        bench.wait(.seconds(20))
        let shown = try bench.show()
        #expect(shown.contains("masked  1 secret"), "\(shown)")
        #expect(bench.tree.contains("masked secrets: 1"))
    }

    // MARK: The sandbox

    @Test func aStreamThatIsCut() throws {
        let bench = try working()
        bench.wait(.seconds(10))
        bench.faults.streamIsCut = true
        bench.write("{say}")
        let session = try bench.session()
        bench.chat.click(token(bench, "Allow once"), on: MessageID("m"), in: bench.room, by: bench.ana)
        bench.wait(.seconds(10))
        let line = try #require(bench.tree.split(separator: "\n").first { $0.contains(" stream") })
        #expect(
            line.contains("restart after failure") && line.contains("Connection re"), "\(bench.tree)")
        bench.faults.streamIsCut = false
        bench.wait(.seconds(60))
        #expect(bench.tree.contains("connected"))
        #expect(try bench.session().id == session.id && bench.session().isLive)
    }

    private func token(_ bench: FaultBench, _ label: String) -> String {
        bench.chat.messages.flatMap { $0.content.buttons.joined() }.first { $0.label == label }?.token
            ?? ""
    }

    @Test func aStreamThatStaysCutEndsTheSessionWithTheReason() throws {
        let bench = try working()
        bench.wait(.seconds(10))
        bench.faults.streamIsCut = true
        bench.chat.click(token(bench, "Allow once"), on: MessageID("m"), in: bench.room, by: bench.ana)
        bench.wait(.seconds(300))
        #expect(try bench.show().contains("lost contact with the sandbox: Connection refused"))
        #expect(!(try bench.session().isLive))
    }

    @Test func aRunnerThatWasKilled() throws {
        let bench = try working()
        bench.wait(.seconds(10))
        bench.faults.provider = SandboxError(.unavailable, "the provider is slow")
        bench.sandbox?.kill()
        bench.wait(.seconds(3))
        #expect(bench.tree.contains("waiting for sim: sandbox to come back"))
        #expect(try bench.show().contains("the sandbox died: killed"))
        bench.faults.provider = nil
        bench.wait(.seconds(120))
        #expect(try bench.show().contains("the sandbox died: killed"))
        #expect(bench.texts.contains { $0.contains("the sandbox died: killed") })
    }

    // MARK: What runs the sandboxes

    private static let away = SandboxError(.unavailable, "the Docker Engine is not reachable", hint: "Start it.")

    /// A session whose sandbox ended unseen while it could not be reached, and whose provider does not answer.
    private func cutOff() throws -> FaultBench {
        let bench = try working("{edit,permission,edit}")
        bench.wait(.seconds(10))
        bench.faults.provider = Self.away
        bench.faults.streamIsCut = true
        bench.chat.click(token(bench, "Allow once"), on: MessageID("m"), in: bench.room, by: bench.ana)
        bench.wait(.seconds(2))
        bench.faults.isOutOfReach = true
        bench.wait(.seconds(58))
        bench.sandbox?.kill()
        return bench
    }

    private func told(_ bench: FaultBench, _ words: String) -> Int { bench.texts.count { $0.contains(words) } }

    private func comeBack(_ bench: FaultBench) {
        bench.faults.isOutOfReach = false
        bench.faults.streamIsCut = false
        bench.faults.provider = nil
    }

    @Test(arguments: [60, 600, 6 * 3600]) func aProviderThatIsAwayForLongLosesNoWork(_ seconds: Int) throws {
        let bench = try cutOff()
        bench.wait(.seconds(seconds))
        #expect(bench.host.sandboxes.count == 1)
        #expect(try bench.session().isLive)
        let words = "cannot be reached now, and it is tried again: the Docker Engine is not reachable. Start it."
        #expect(bench.texts.count { $0.contains(words) } == 1, "\(bench.texts)")
        comeBack(bench)
        bench.wait(.seconds(120))
        #expect(try bench.session().state == "failed")
        #expect(try bench.show().contains("lost contact with the sandbox: Connection refused"))
        #expect(try bench.show().contains("1 file"))
        #expect(bench.host.sandboxes.isEmpty)
    }

    @Test func aProviderThatStaysAwayIsGivenUpAndItsSandboxRemovedOnceItIsBack() throws {
        let bench = try cutOff()
        bench.wait(.seconds(13 * 3600))
        #expect(try bench.session().state == "failed")
        #expect(told(bench, "The work in it is saved as soon as it is back; `/cancel") == 1, "\(bench.texts)")
        #expect(bench.texts.contains { $0.contains("The workspace could not be saved") })
        #expect(bench.host.sandboxes.count == 1)
        comeBack(bench)
        bench.wait(.seconds(60))
        #expect(bench.host.sandboxes.isEmpty)
    }

    @Test func aSandboxOutOfReachIsGivenUpWhenCancelledAgain() throws {
        let bench = try working("{edit,permission,edit}")
        bench.wait(.seconds(10))
        bench.faults.isOutOfReach = true
        bench.faults.provider = Self.away
        bench.write("/cancel")
        bench.wait(.seconds(120))
        #expect(try bench.session().isLive)
        bench.write("/cancel")
        bench.wait(.seconds(30))
        #expect(try bench.session().state == "cancelled")
        #expect(bench.texts.contains { $0.contains("Ana gave it up: the Docker Engine is not reachable") })
        #expect(bench.host.sandboxes.count == 1)
        comeBack(bench)
        bench.wait(.seconds(60))
        #expect(bench.host.sandboxes.isEmpty)
    }

    @Test func aSandboxThatDiedIsBroughtBackAfterALongAbsenceOfItsProvider() throws {
        let bench = try working("{edit,permission,edit}")
        bench.wait(.seconds(10))
        bench.faults.provider = Self.away
        bench.sandbox?.kill()
        bench.wait(.seconds(6 * 3600))
        #expect(bench.tree.contains("sandbox to come back"), "\(bench.tree)")
        #expect(told(bench, "The work in it is saved as soon as it is back; `/cancel") == 1, "\(bench.texts)")
        comeBack(bench)
        bench.wait(.seconds(120))
        #expect(try bench.show().contains("the sandbox died: killed"))
        #expect(try bench.show().contains("1 file"))
        #expect(bench.host.sandboxes.isEmpty)
    }

    @Test func aRepositoryThatCannotBeCloned() throws {
        let bench = try FaultBench()
        bench.faults.prepare = AgentError(
            .repositoryNotFound, "Not found at https://github.com/org/repo")
        bench.start()
        bench.write("/task mend org/repo {say}")
        bench.wait(.seconds(10))
        #expect(
            bench.tree.contains(
                "waiting for Ana: another repository, Not found at https://github.com/org/repo"))
        #expect(try bench.show().contains("Not found at https://github.com/org/repo"))
    }

    @Test func aProviderThatIsGone() throws {
        let bench = try FaultBench()
        bench.faults.provider = SandboxError(.unavailable, "Cannot connect to the Docker daemon")
        bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(10))
        #expect(bench.tree.contains("retry: Cannot connect to the Docker daemon"))
        #expect(
            try bench.doctor().contains("cannot list what exists: Cannot connect to the Docker daemon"))
        bench.faults.provider = nil
        bench.wait(.seconds(60))
        #expect(try bench.session().state == "idle")
    }

    @Test func aPatchThatIsTooBig() throws {
        let bench = try FaultBench { $0.patchLimit = 1000 }
        bench.faults.patch = AgentError(.tooLarge, "The patch has 2000 bytes")
        bench.start()
        bench.write("/task {edit,say}")
        bench.wait(.seconds(20))
        let words =
            "not saved: the patch is too big: The patch has 2000 bytes; at most 1000 bytes are saved"
        #expect(bench.tree.contains(words))
        #expect(try bench.show().contains(words))
        #expect(bench.texts.contains { $0.contains("the patch is too big") })
    }

    @Test func anOrphanThatIsFound() throws {
        let bench = try FaultBench { $0.reaperInterval = .seconds(60) }
        bench.start()
        _ = bench.host.create(
            SandboxSpec(
                lease: LeaseID("0fff"), instance: InstanceID("instance"), session: SessionID("gone"),
                agent: AgentName("sim"), token: Secret("t")))
        bench.wait(.seconds(90))
        #expect(bench.tree.contains("orphan 0fff found on sim and removed, "), "\(bench.tree)")
        #expect(bench.host.sandboxes.isEmpty)
    }

    // MARK: The chat

    @Test func aFloodWait() throws {
        let bench = try working()
        bench.chat.flood(.seconds(60))
        bench.wait(.seconds(20))
        let lines = bench.tree.split(separator: "\n").filter { $0.contains("flood wait, ") }
        #expect(lines.count >= 2, "the outbox and the session's buffer: \(bench.tree)")
        #expect(lines.allSatisfy { $0.contains("left") })
        bench.wait(.seconds(60))
        #expect(!bench.tree.contains("flood wait"))
    }

    @Test func aPlatformThatIsOffline() throws {
        let bench = try working()
        bench.chat.goOffline(for: .seconds(3600))
        bench.wait(.seconds(3000))
        #expect(bench.tree.contains("the chat platform: no route"))
        #expect(bench.tree.contains("queued sends: "))
        bench.wait(.seconds(900))
        #expect(!bench.tree.contains("no route"))
        #expect(bench.texts.contains { $0.contains("rm -rf") })
    }

    @Test func waitingForAPerson() throws {
        let bench = try working()
        bench.wait(.seconds(100))
        #expect(bench.tree.contains("waiting for Ana: permission `rm -rf "), "\(bench.tree)")
        #expect(bench.tree.contains("11 h left"))
        #expect(try bench.show().contains("waiting for Ana: permission `rm -rf "))
    }

    // MARK: The daemon

    @Test func aSessionThatWasSetAside() throws {
        let bench = try working()
        bench.wait(.seconds(10))
        let session = try bench.session()
        for _ in 0..<4 {
            let incarnation = try bench.session().incarnation
            try bench.write { transaction in
                _ = try transaction.adoptSession(session.id, weight: LastEnd.crash.weight, at: session.createdAt)
            }
            #expect(try bench.session().incarnation > incarnation)
        }
        bench.write("hello")
        bench.wait(.seconds(600))
        #expect(try bench.session().state == "quarantined")
        #expect(
            try bench.show().contains(
                "set aside: three times in a row the daemon went down just after taking it"))
    }

    @Test func aRestartLimitThatIsReached() throws {
        let bench = try FaultBench(running: { BrokenPlatform(world: $0) })
        bench.start()
        bench.wait(.milliseconds(3500))
        let line = try #require(bench.tree.split(separator: "\n").first { $0.contains(" broken") })
        #expect(
            line.contains("restarted 3 times") && line.contains("the polling thread is gone"),
            "\(bench.tree)")
        bench.wait(.seconds(60))
        let ending = try #require(bench.ending)
        #expect(ending.contains("chats"), "\(ending)")
        #expect(ending.contains("the polling thread is gone"), "\(ending)")
    }

    @Test func aFullDisk() throws {
        let bench = try working("{say,text,say}")
        bench.wait(.seconds(10))
        try bench.limitGrowth(pages: 0)
        let long = String(repeating: "A long answer. ", count: 20_000)
        bench.write(long)
        bench.wait(.seconds(60))
        #expect(
            bench.tree.contains("disk full: nothing is stored until there is space"), "\(bench.tree)")
        #expect(bench.texts.contains { $0.contains("The disk of this bot's machine is full") })
        #expect(!bench.chat.updates.isEmpty, "not acknowledged")
        #expect(try bench.doctor().contains("the disk is full"))
        try bench.limitGrowth(pages: nil)
        bench.wait(.seconds(30))
        #expect(bench.tree.contains("disk full for "), "\(bench.tree)")
        #expect(bench.chat.updates.isEmpty)
        #expect(bench.texts.contains { $0.contains("The daemon can store again") })
        #expect(try bench.session().state == "idle")
        #expect(!bench.tree.contains("restarted"), "nothing crashed over it: \(bench.tree)")
    }

    @Test func aLockedDatabase() async throws {
        let directory = try TemporaryDirectory()
        let bench = try FaultBench(database: directory.file("test.db"))
        try bench.withDatabase { try $0.execute(sql: "PRAGMA busy_timeout = 0") }
        bench.start()
        bench.write("/task {say,permission}")
        bench.wait(.seconds(10))
        var configuration = GRDB.Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: directory.file("test.db"), configuration: configuration)
        try lock(other)
        bench.chat.click(token(bench, "Allow once"), on: MessageID("m"), in: bench.room, by: bench.ana)
        bench.wait(.seconds(60))
        #expect(bench.tree.contains("database locked by another program"), "\(bench.tree)")
        #expect(
            bench.texts.contains {
                $0.contains("Another program on this bot's machine holds its database")
            })
        try unlock(other)
        bench.wait(.seconds(30))
        #expect(bench.tree.contains("database locked for "))
        #expect(try bench.session().state == "idle")
        #expect(!bench.tree.contains("restarted"))
    }

    private func lock(_ queue: DatabaseQueue) throws {
        try queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
    }

    private func unlock(_ queue: DatabaseQueue) throws {
        try queue.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
    }

    @Test func noSpaceForAPatchKeepsTheSandboxUntilThereIsSome() throws {
        let bench = try working("{edit,say}") { $0.session.linger = .zero }
        bench.faults.archive = ArchiveError(isFull: true, "the daemon's disk is full")
        bench.wait(.seconds(3600))
        #expect(
            bench.tree.contains("the work is not saved: the daemon's disk is full"), "\(bench.tree)")
        #expect(bench.host.sandboxes.count == 1)
        #expect(bench.texts.contains { $0.contains("It stays in the sandbox") })
        bench.faults.archive = nil
        bench.wait(.seconds(120))
        #expect(try bench.session().state == "completed")
        #expect(bench.host.sandboxes.isEmpty)
        #expect(try bench.show().contains("1 file"))
    }

    @Test func aCalendarThatIsSet() throws {
        let bench = try working()
        bench.wait(.seconds(60))
        bench.world.setClock(by: 7200)
        bench.wait(.seconds(60))
        #expect(bench.tree.contains("the calendar was set forward by 2 h"), "\(bench.tree)")
        bench.world.setClock(by: -14_400)
        bench.wait(.seconds(60))
        #expect(bench.tree.contains("the calendar was set back by 4 h"), "\(bench.tree)")
        #expect(bench.tree.contains("waiting for Ana: permission"), "no deadline moved")
        let shown = try bench.show()
        #expect(shown.contains("0 s ago"), "ages are never negative: \(shown)")
    }

    @Test func aMachineThatSlept() throws {
        let bench = try FaultBench()
        bench.start()
        bench.faults.agentIsSilent = false
        bench.write("/task {a,b,c,d,e,f,g,h}")
        bench.faults.agentIsSilent = true
        bench.wait(.seconds(5))
        bench.faults.slept = .seconds(3 * 3600)
        bench.world.setClock(by: 3 * 3600)
        bench.wait(.seconds(60))
        #expect(bench.tree.contains("the machine slept for 3 h"), "\(bench.tree)")
        #expect(!bench.tree.contains("calendar was set"))
        #expect(bench.texts.contains { $0.contains("slept for 3 h") })
        #expect(try bench.session().isLive)
    }

    @Test func finishedSessionsAreKeptWhenTheCalendarLeaps() throws {
        let bench = try FaultBench {
            $0.keep = .seconds(86_400)
            $0.session.linger = .zero
        }
        bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(60))
        #expect(!(try bench.session().isLive))
        bench.world.setClock(by: 400 * 86_400)
        bench.wait(.seconds(7200))
        #expect(try bench.session().state == "completed")
        #expect(bench.tree.contains("a look at the calendar, which was set forward by days"))
    }

    // MARK: Versions

    @Test func theTreeTellsTheRunnersVersion() throws {
        let bench = try working()
        bench.wait(.seconds(10))
        #expect(bench.tree.contains("runner: 0.3.0"))
        let shown = try bench.show()
        #expect(shown.contains("runner  0.3.0"), "\(shown)")
    }

    @Test func aRunnerThatIsTooNewIsLeftAloneAndNamed() throws {
        let bench = try FaultBench()
        bench.faults.runner = .init(version: "9.0.0", number: 2)
        bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(5))
        #expect(bench.tree.contains("it is of version 9.0.0 and speaks protocol 2"), "\(bench.tree)")
    }
}

/// A platform whose connection breaks for good, in a way that it cannot mend by itself.
private struct BrokenPlatform: ChatPlatform {
    struct Broken: Error, CustomStringConvertible {
        let description = "the polling thread is gone"
    }

    let id = PlatformID("broken")
    let limits = ChatLimits(textUnits: 100)
    let world: SimWorld

    func run(inbox: any ChatInbox, report: @escaping @Sendable (String) -> Void) async throws {
        try await world.clock.sleep(for: .seconds(1))
        throw Broken()
    }

    func permit(for chat: ChatID, priority: SendPriority) async throws(ChatError) {}
    func send(_ message: OutgoingMessage, to conversation: Conversation, nonce: String)
        async throws(ChatError)
        -> MessageID
    {
        throw ChatError(.unreachable, "broken")
    }
    func edit(_ id: MessageID, in conversation: Conversation, to message: OutgoingMessage)
        async throws(ChatError)
    {}
    func acknowledge(_ callback: String, note: String) async throws(ChatError) {}
}
