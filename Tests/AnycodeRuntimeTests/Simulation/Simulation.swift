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
    let ana = Person(id: PersonID("ana"), name: "Ana")
    let room = ChatID(platform: PlatformID("sim"), value: "room")

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
            executor.run()
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
            provider: SimProvider(host: host, store: store), connector: SimConnector(host: host), archive: archive,
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
        return (try? executor.complete { [store] in
            try await store.read { transaction in
                try transaction.liveSessions().isEmpty && transaction.openLeases().isEmpty
                    && transaction.pendingInbound(limit: 1).isEmpty && transaction.chatsWithPendingNotices().isEmpty
            }
        }) ?? false
    }

    // MARK: People and faults

    private func planPeople() {
        for number in 0..<options.tasks {
            world.schedule(after: world.milliseconds(0...60_000)) { [chat, room, ana] in
                chat.write("/task do job \(number)", in: room, by: ana)
            }
        }
        for number in 0..<world.number(below: 4) {
            world.schedule(after: world.milliseconds(1_000...90_000)) { [chat, room, ana] in
                chat.write("follow up \(number)", in: room, by: ana)
            }
        }
        if world.chance(1, in: 3) {
            let command = ["/stop", "/cancel", "/status", "/diff"][world.number(below: 4)]
            world.schedule(after: world.milliseconds(5_000...90_000)) { [chat, room, ana] in
                chat.write(command, in: room, by: ana)
            }
        }
    }

    private func planFaults() {
        var times = (0..<world.number(below: options.crashes + 1)).map { _ in world.milliseconds(100...120_000) }
        times.sort()
        crashTimes = times
        if world.chance(1, in: 4) {
            world.schedule(after: world.milliseconds(2_000...90_000)) { [host, world] in
                host.sandboxes.randomly(world)?.kill()
            }
        }
        world.schedule(after: .seconds(150)) { [world] in world.stopFaults() }
    }

    /// Ana presses buttons she has not pressed yet, after a while; sometimes twice; strangers try too.
    private func letPeopleReact() {
        for message in chat.messages where message.content.rings {
            for row in message.content.buttons {
                for button in row where !button.token.hasSuffix("diff") && button.label != "Cancel" {
                    guard handledMessages.insert("\(message.id)").inserted else { continue }
                    react(to: message)
                }
            }
        }
    }

    private func react(to message: SimChatServer.Message) {
        let buttons = message.content.buttons.joined().filter { $0.label != "Decline" }
        guard !buttons.isEmpty else { return }
        let token = Array(buttons)[world.number(below: buttons.count)].token
        let delay = world.milliseconds(200...20_000)
        if world.chance(1, in: 4) {
            let stranger = Person(id: PersonID("eve"), name: "Eve")
            world.schedule(after: delay / 2) { [chat, room] in chat.click(token, on: message.id, in: room, by: stranger) }
        }
        world.schedule(after: delay) { [chat, room, ana] in
            chat.click(token, on: message.id, in: room, by: ana)
        }
        if world.chance(1, in: 3) {
            world.schedule(after: delay + .milliseconds(5)) { [chat, room, ana] in
                chat.click(token, on: message.id, in: room, by: ana)
            }
        }
    }
}

extension Array {
    fileprivate func randomly(_ world: SimWorld) -> Element? {
        isEmpty ? nil : self[world.number(below: count)]
    }
}
