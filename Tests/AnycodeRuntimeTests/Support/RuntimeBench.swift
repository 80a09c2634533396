import AnycodeCore
@_exported import AnycodeSimulation
import AnycodeStore
import Foundation
import Logging
import Supervision
import Synchronization
import TestSupport

@testable import AnycodeRuntime

/// The whole tree on the deterministic executor, without faults, driven by hand.
final class RuntimeBench {
    let world: SimWorld
    let host: SimHost
    let chat: SimChatServer
    let store: Store
    private(set) var executor: SingleThreadTaskExecutor
    private(set) var runtime: Runtime
    var configuration: RuntimeConfiguration
    let ana = Sample.ana
    let eve = Sample.eve
    let room = Sample.room
    /// What was told to the operator.
    let announcements = Announcements()

    final class Announcements: Sendable {
        private let words = Mutex<[String]>([])
        var all: [String] { words.withLock { $0 } }
        func add(_ text: String) { words.withLock { $0.append(text) } }
    }

    private let limits: ChatLimits

    init(
        limits: ChatLimits = ChatLimits(textUnits: 4000), _ change: (inout RuntimeConfiguration) -> Void = { _ in }
    ) throws {
        self.limits = limits
        world = SimWorld(seed: 7)
        world.stopFaults()
        host = SimHost(world: world)
        chat = SimChatServer(world: world)
        var random = SplitMix64(seed: 1)
        let disk = try SimDisk()
        try disk.begin(world, slowness: nil, random: &random)
        store = disk.store
        executor = SingleThreadTaskExecutor(.seeded(7))
        var configuration = RuntimeConfiguration(defaultAgent: AgentName("sim"))
        configuration.agents = [AgentProfile(name: AgentName("sim")), AgentProfile(name: AgentName("other"))]
        configuration.reaperInterval = .seconds(100_000)
        let announcements = announcements
        configuration.announce = { announcements.add($0) }
        change(&configuration)
        self.configuration = configuration
        runtime = Self.runtime(world, host, chat, store, limits, configuration)
    }

    private static func runtime(
        _ world: SimWorld, _ host: SimHost, _ chat: SimChatServer, _ store: Store, _ limits: ChatLimits,
        _ configuration: RuntimeConfiguration
    ) -> Runtime {
        let archive = PatchArchive(
            write: { session, bytes in
                let path = "\(session.short)/\(String(decoding: bytes, as: UTF8.self))"
                host.write(path, bytes)
                return path
            },
            read: { host.read($0) ?? [] },
            writeDocument: { session, name, bytes in
                host.write("\(session.short)/\(name)", bytes)
                return "\(session.short)/\(name)"
            })
        return Runtime(
            configuration: configuration, store: store, instance: InstanceID("instance"),
            platforms: [SimPlatform(server: chat, limits: limits)],
            provider: SimProvider(host: host, store: store), connector: SimConnector(host: host, store: store),
            archive: archive,
            clock: RuntimeClock(world.clock, date: { world.date }), makeID: { world.makeID() },
            token: { _ in Secret("token") },
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    }

    func start(until condition: () -> Bool = { false }) throws {
        let (runtime, world, executor) = (runtime, world, executor)
        let root = try RootSupervisor.make(runtime, clock: world.clock, executor: executor, random: { world.unit() })
        executor.start {
            do { try await root.run() } catch { world.violated("\(error)") }
        }
        executor.run(until: condition)
    }

    /// As `kill -9`, then a start on the same store.
    ///
    /// - Parameters:
    ///   - order: decides which of the tasks that are ready goes on first.
    ///   - condition: asked before each job of the start, which stops where it holds.
    func restart(order: UInt64 = 8, until condition: () -> Bool = { false }) throws {
        executor.crash()
        executor = SingleThreadTaskExecutor(.seeded(order))
        runtime = Self.runtime(world, host, chat, store, limits, configuration)
        try start(until: condition)
    }

    /// Lets time pass, stopping at everything that is due.
    func wait(_ duration: Duration) {
        let end = world.now + duration
        executor.run()
        while let next = [world.nextEvent, world.clock.nextDeadline?.offset].compactMap({ $0 }).min(), next <= end {
            if next > world.now { world.clock.advance(to: .init(offset: next)) }
            world.runDueEvents()
            executor.run()
        }
        world.clock.advance(to: .init(offset: end))
        executor.run()
    }

    func write(_ text: String, by person: Person? = nil, in chatID: ChatID? = nil, replyTo: MessageID? = nil) {
        chat.write(text, in: chatID ?? room, by: person ?? ana, replyTo: replyTo)
        wait(.seconds(1))
    }

    func click(_ button: ChatButton, by person: Person? = nil, in chatID: ChatID? = nil) {
        let message = chat.messages.first { $0.content.buttons.joined().contains { $0.token == button.token } }
        chat.click(button.token, on: message?.id ?? MessageID("none"), in: chatID ?? room, by: person ?? ana)
        wait(.seconds(1))
    }

    /// The newest button with this label, or one that contains it.
    func button(_ label: String, in chatID: ChatID? = nil) -> ChatButton? {
        let buttons = chat.messages(in: chatID ?? room).reversed().flatMap { $0.content.buttons.joined() }
        return buttons.first { $0.label == label } ?? buttons.first { $0.label.contains(label) }
    }

    /// What the chat shows, newest last.
    func texts(_ chatID: ChatID? = nil) -> [String] { chat.messages(in: chatID ?? room).map(\.content.markdown) }

    func read<Value: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> Value) throws -> Value {
        let store = store
        return try executor.complete { try await store.read(body) }
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> Value) throws -> Value {
        let store = store
        return try executor.complete { try await store.write(body) }
    }

    /// Oldest first.
    func sessions() throws -> [SessionRow] {
        try read { try $0.recentSessions(limit: 50) }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    func prompts(_ session: SessionID) throws -> [String] {
        let lease = try read { try $0.leases(session: session) }.first?.id
        return lease.flatMap { host.anyEver($0) }?.read(\.prompts) ?? []
    }

    deinit {
        executor.crash()
    }
}
