import AnycodeCore
import AnycodeStore
import Foundation
import Logging
import Supervision
import Synchronization
import TestSupport

@testable import AnycodeRuntime

/// One run of the whole tree under a seed: people write, agents work, things break, the daemon is killed and started
/// again on the same store, until everything has come to rest. Then the rules are checked.
final class Simulation {
    struct Options: Sendable {
        var tasks = 2
        var crashes = 3
        /// The longest simulated time.
        var limit: Duration = .seconds(4 * 3600)
        var linger: Duration = .seconds(120)
    }

    let seed: UInt64
    let options: Options
    let world: SimWorld
    let host: SimHost
    let chat: SimChatServer
    let store: Store
    private(set) var executor: SingleThreadTaskExecutor
    private(set) var runtime: Runtime?
    private(set) var incarnations = 0
    private(set) var trace: UInt64 = 0
    private var handledMessages: Set<String> = []
    private var resumptions = 0
    let ana = Person(id: PersonID("ana"), name: "Ana")
    let rooms = ["room", "den"].map { ChatID(platform: PlatformID("sim"), value: $0) }
    /// Everything that people wrote and that is no command.
    private(set) var written: [String] = []

    init(seed: UInt64, options: Options = Options()) throws {
        self.seed = seed
        self.options = options
        world = SimWorld(seed: seed)
        host = SimHost(world: world)
        chat = SimChatServer(world: world)
        var random = SplitMix64(seed: seed &+ 1)
        store = try Store(path: nil, execution: .inline, random: &random)
        executor = SingleThreadTaskExecutor(.seeded(seed))
    }

    /// Runs to rest; returns what was violated.
    func run() throws -> [String] {
        try start()
        planPeople()
        planFaults()
        while world.now < options.limit {
            try runJobs()
            letPeopleReact()
            guard advance() else { break }
            if isAtRest { break }
        }
        try checkRules()
        trace = executor.traceHash
        executor.crash()
        return world.violations.map { "seed \(seed): \($0)" }
    }

    private static let logger = Logger(label: "simulation") { label -> any LogHandler in
        ProcessInfo.processInfo.environment["ANYCODE_SIMULATION_SHOW"] == nil
            ? SwiftLogNoOpLogHandler() : StreamLogHandler.standardError(label: label)
    }

    /// Prints what people see at the end.
    func show() {
        print("seed \(seed): \(world.now), \(incarnations) starts, \(executor.finishedJobs) jobs in the last")
        for message in chat.messages {
            print("--- \(message.id) \(message.nonce.prefix(8))… edits \(message.edits)\n\(message.content.markdown)")
        }
    }

    // MARK: The daemon

    private func start() throws {
        incarnations += 1
        let (world, host, chat) = (world, host, chat)
        var configuration = RuntimeConfiguration(defaultAgent: AgentName("sim"))
        configuration.agents = [AgentProfile(name: AgentName("sim"))]
        configuration.session.linger = options.linger
        configuration.session.person = .seconds(3600)
        let archive = PatchArchive(
            write: { session, bytes in
                let path = "\(session.short)/\(String(decoding: bytes, as: UTF8.self))"
                host.write(path, bytes)
                return path
            },
            read: { path in host.read(path) ?? [] })
        let platform = SimPlatform(server: chat, limits: ChatLimits(textUnits: 400, deduplicatesSends: false))
        let runtime = Runtime(
            configuration: configuration, store: store, instance: InstanceID("instance"), platforms: [platform],
            provider: SimProvider(host: host, store: store), connector: SimConnector(host: host, store: store),
            archive: archive,
            clock: RuntimeClock(world.clock, date: { world.date }), makeID: { world.makeID() },
            token: { _ in Secret("token") }, logger: Self.logger)
        self.runtime = runtime
        let root = try RootSupervisor.make(
            runtime, clock: world.clock, executor: executor, random: { world.unit() })
        executor.start {
            do {
                try await root.run()
                world.violated("the root supervisor ended")
            } catch {
                world.violated("the root supervisor failed: \(error)")
            }
        }
    }

    /// As `kill -9`: no job runs any more, nothing is cleaned up; then a start on the same store.
    private func crash() throws {
        executor.crash()
        executor = SingleThreadTaskExecutor(.seeded(seed &+ UInt64(incarnations) &* 7919))
        try start()
    }

    private var crashTimes: [Duration] = []
    /// When people are planned to write.
    private var actTimes: [Duration] = []
    /// After how many jobs of an incarnation it is killed: falls into the middle of things, where times rarely do.
    private var crashJobs: [Int] = []

    private func runJobs() throws {
        while let jobs = crashJobs.first {
            guard executor.run(jobs: max(0, jobs - executor.finishedJobs)) == .exhausted else { return }
            crashJobs.removeFirst()
            try crash()
        }
        executor.run()
    }

    /// The next thing in the world or in the daemon happens. `false` when nothing ever will.
    private func advance() -> Bool {
        let next = [world.nextEvent, world.clock.nextDeadline?.offset].compactMap { $0 }.min()
        guard let next else { return false }
        let crashAt = crashTimes.first
        if let crashAt, crashAt <= next {
            crashTimes.removeFirst()
            if crashAt > world.now { world.clock.advance(to: .init(offset: crashAt)) }
            executor.run(jobs: world.number(below: 40))  // in the middle of whatever is ready
            do { try crash() } catch { world.violated("the start failed: \(error)") }
            return true
        }
        if next > world.now { world.clock.advance(to: .init(offset: next)) }
        world.runDueEvents()
        return true
    }

    /// Every session is over and its last words are in the chat.
    private var isAtRest: Bool {
        guard world.now > .seconds(120), world.nextEvent == nil, chat.updates.isEmpty else { return false }
        return
            (try? executor.complete { [store] in
                try await store.read { transaction in
                    try transaction.liveSessions().isEmpty && transaction.openLeases().isEmpty
                        && transaction.pendingInbound(limit: 1).isEmpty && transaction.chatsWithPendingNotices().isEmpty
                }
            }) ?? false
    }

    // MARK: People and faults

    private func planPeople() {
        for number in 0..<options.tasks {
            let place = world.chance(1, in: 6) ? " in org/missing\(number)" : ""
            plan(0...60_000, "/task do job \(number)\(place)", rooms[world.number(below: rooms.count)])
        }
        for number in 0..<world.number(below: 5) { say(1_000...90_000, "follow up \(number)") }
        if world.chance(1, in: 3) {
            plan(
                5_000...90_000, ["/stop", "/cancel", "/status", "/diff"][world.number(below: 4)],
                rooms[world.number(below: 2)])
        }
    }

    private func plan(_ range: ClosedRange<Int>, _ text: String, _ room: ChatID) {
        let delay = world.milliseconds(range)
        actTimes.append(world.now + delay)
        world.schedule(after: delay) { [chat, ana] in chat.write(text, in: room, by: ana) }
    }

    private func say(_ range: ClosedRange<Int>, _ text: String, in room: ChatID? = nil) {
        written.append(text)
        plan(range, text, room ?? rooms[world.number(below: rooms.count)])
    }

    private func planFaults() {
        let crashes = world.number(below: options.crashes + 1)
        for _ in 0..<crashes {
            switch world.number(below: 4) {
            case 0: crashTimes.append(world.milliseconds(100...120_000))
            case 1 where !actTimes.isEmpty:  // while what somebody wrote is taken in
                crashTimes.append(actTimes[world.number(below: actTimes.count)] + world.milliseconds(0...60))
            default: crashJobs.append(20 + world.number(below: 1500))
            }
        }
        crashTimes.sort()
        happens(1, in: 4) { [host, world] in host.sandboxes.randomly(world)?.kill() }
        happens(1, in: 12) { [host, world] in host.sandboxes.randomly(world)?.loseLog() }
        happens(1, in: 12) { [chat] in chat.goOffline(for: .seconds(3600)) }
        happens(1, in: 8) { [world] in world.setClock(by: world.chance(1, in: 2) ? 86_400 : -86_400) }
        happens(1, in: 6) { [chat, world] in
            if let message = chat.messages.randomly(world) { chat.delete(message.id) }
        }
        world.schedule(after: .seconds(150)) { [world] in world.stopFaults() }
    }

    private func happens(_ part: UInt64, in whole: UInt64, _ fault: @escaping @Sendable () -> Void) {
        if world.chance(part, in: whole) { world.schedule(after: world.milliseconds(2_000...90_000), fault) }
    }

    /// Ana answers what she has not answered yet, after a while: by button, sometimes twice, or in words. Strangers and
    /// clicks from another chat come too.
    private func letPeopleReact() {
        for message in chat.messages where message.content.rings {
            let buttons = message.content.buttons.joined().filter {
                !$0.token.hasSuffix("diff") && $0.label != "Cancel"
            }
            let isEnd = buttons.contains { $0.label == "Resume" }
            if isEnd, !mayResume { continue }
            guard !buttons.isEmpty, handledMessages.insert("\(message.id)").inserted else { continue }
            react(to: message, buttons)
        }
    }

    /// A few ended sessions are resumed, so that every run can end.
    private var mayResume: Bool {
        resumptions += 1
        return resumptions <= 3
    }

    private func react(to message: SimChatServer.Message, _ buttons: [ChatButton]) {
        let number = handledMessages.count
        if message.content.markdown.contains("Answer with a message."), world.chance(3, in: 4) {
            return say(200...20_000, "answer \(number)", in: message.chat)
        }
        if message.content.markdown.contains("another repository"), world.chance(1, in: 3) {
            return say(200...20_000, "org/other\(number)", in: message.chat)
        }
        let choices = buttons.filter { $0.label != "Decline" || buttons.count == 1 }
        click(
            choices[world.number(below: choices.count)].token, message,
            choices[world.number(below: choices.count)].token)
    }

    private func click(_ token: String, _ message: SimChatServer.Message, _ second: String) {
        let delay = world.milliseconds(200...20_000)
        let eve = Person(id: PersonID("eve"), name: "Eve")
        let other = rooms.first { $0 != message.chat } ?? message.chat
        press(token, message, after: delay / 2, in: message.chat, by: eve, 1, of: 4)
        press(token, message, after: delay / 3, in: other, by: ana, 1, of: 8)
        press(token, message, after: delay, in: message.chat, by: ana, 1, of: 1)
        press(second, message, after: delay + .milliseconds(5), in: message.chat, by: ana, 1, of: 3)
    }

    private func press(
        _ token: String, _ message: SimChatServer.Message, after delay: Duration, in room: ChatID, by person: Person,
        _ part: UInt64, of whole: UInt64
    ) {
        guard world.chance(part, in: whole) else { return }
        world.schedule(after: delay) { [chat] in chat.click(token, on: message.id, in: room, by: person) }
    }
}

extension Array {
    fileprivate func randomly(_ world: SimWorld) -> Element? {
        isEmpty ? nil : self[world.number(below: count)]
    }
}
