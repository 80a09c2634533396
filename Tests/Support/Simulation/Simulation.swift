import AnycodeCore
package import AnycodeRuntime
package import AnycodeStore
import Foundation
import Logging
import Supervision
import Synchronization
package import TestSupport

/// One run of the whole tree under a seed: people write, agents work, things break, the daemon is killed and started
/// again on the same store, until everything has come to rest. Then the rules are checked.
package final class Simulation {
    package struct Options: Sendable {
        package var tasks = 3
        package var crashes = 3
        /// The longest simulated time.
        package var limit: Duration = .seconds(8 * 3600)
        package var linger: Duration = .seconds(120)

        package init() {}
    }

    package let seed: UInt64
    package let options: Options
    package let world: SimWorld
    package let host: SimHost
    package let chat: SimChatServer
    package let store: Store
    package private(set) var executor: SingleThreadTaskExecutor
    package private(set) var runtime: Runtime?
    package private(set) var incarnations = 0
    package private(set) var trace: UInt64 = 0

    let people = SimPeople()
    let limits = ChatLimits(textUnits: 400, messagesPerTurn: 6)
    /// How many tasks people write.
    let taskCount: Int
    /// Whether everybody who is let in may answer and end what others started.
    let everybodyControls: Bool
    /// Whether an idle session waits for its full time.
    let hasPatience: Bool
    var handledMessages: Set<String> = []
    /// Everything that people wrote and that is no command.
    let written: Written
    var crashTimes: [Duration] = []
    /// When people are planned to write.
    var actTimes: [Duration] = []
    /// After how many jobs of an incarnation it is killed: falls into the middle of things, where times rarely do.
    var crashJobs: [Int] = []
    /// How many ended sessions people have resumed.
    var resumptions = 0
    private var restIsLookedFor: Duration = .seconds(120)

    /// - Parameter disk: one that earlier simulations used may be used again; a new one when left out.
    package init(seed: UInt64, options: Options = Options(), disk: SimDisk? = nil) throws {
        self.seed = seed
        self.options = options
        let world = SimWorld(seed: seed)
        self.world = world
        host = SimHost(world: world)
        chat = SimChatServer(world: world)
        taskCount = 1 + world.number(below: options.tasks)
        everybodyControls = world.chance(1, in: 3)
        hasPatience = world.chance(1, in: 2)
        written = Written()
        var random = SplitMix64(seed: seed &+ 1)
        let disk = try disk ?? SimDisk()
        try disk.begin(world, slowness: [nil, nil, nil, 12, 12, 3].randomly(world) ?? nil, random: &random)
        store = disk.store
        executor = SingleThreadTaskExecutor(.seeded(seed))
    }

    /// Runs to rest; returns what was violated.
    package func run() throws -> [String] {
        try start()
        planPeople()
        planFaults()
        var isAtRest = false
        while !isAtRest, world.now < options.limit, world.violations.isEmpty {
            try runJobs()
            letPeopleReact()
            guard try advance() else { break }
            isAtRest = looksForRest()
        }
        if world.violations.isEmpty {
            world.check(isAtRest, "there is no rest after \(world.now): \(unrest())")
            try checkStanding()
            try checkRules()
        }
        trace = executor.traceHash
        executor.crash()
        world.count("runs")
        return world.violations.map { "seed \(seed): \($0)" }
    }

    package var tally: Tally { world.tally }

    /// Prints what people see at the end.
    package func show() {
        print("seed \(seed): \(world.now), \(incarnations) starts, \(executor.finishedJobs) jobs in the last")
        for message in chat.messages {
            print(
                "--- \(message.id) in \(message.chat.value) \(message.nonce.prefix(8))… edits \(message.edits)\n"
                    + message.content.markdown)
        }
    }

    // MARK: The daemon

    private func start() throws {
        incarnations += 1
        world.count("starts")
        let (world, executor) = (world, executor)
        let runtime = makeRuntime()
        self.runtime = runtime
        let root = try RootSupervisor.make(
            runtime, clock: world.clock, executor: executor, random: { world.unit() },
            observer: { event in
                if case .restarting = event.kind { world.count("restarts: \(event.path.components.first ?? "")") }
            })
        executor.start {
            do {
                try await root.run()
                world.violated("the root supervisor ended")
            } catch {
                world.violated("the root supervisor failed: \(error)")
            }
        }
    }

    private func makeRuntime() -> Runtime {
        let (world, host) = (world, host)
        let archive = PatchArchive(
            write: { session, bytes in
                let path = "\(session.short)/" + String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
                host.write(path, bytes)
                return path
            },
            read: { path in host.read(path) ?? [] },
            writeDocument: { session, name, bytes in
                host.write("\(session.short)/\(name)", bytes)
                return "\(session.short)/\(name)"
            })
        return Runtime(
            configuration: configuration, store: store, instance: InstanceID("instance"),
            platforms: [SimPlatform(server: chat, limits: limits, store: store)],
            provider: SimProvider(host: host, store: store), connector: SimConnector(host: host, store: store),
            archive: archive,
            clock: RuntimeClock(world.clock, date: { world.date }), makeID: { world.makeID() },
            token: { Secret(SimSecrets.token($0)) }, logger: SimLogHandler.logger(world))
    }

    private var configuration: RuntimeConfiguration {
        var configuration = RuntimeConfiguration(defaultAgent: AgentName("sim"))
        configuration.agents = [
            AgentProfile(name: AgentName("sim"), environment: ["SIM_API_KEY": Secret(SimSecrets.key)])
        ]
        configuration.session.linger = hasPatience ? options.linger : options.linger / 6
        configuration.session.person = .seconds(3600)
        configuration.session.agentTime = .seconds(600)
        configuration.session.queueLimit = 4
        configuration.session.everybodyControls = everybodyControls
        configuration.access[PlatformID("sim")] = AccessRule(people: [people.ana.id, people.bob.id])
        return configuration
    }

    /// As `kill -9`: no job runs any more, nothing is cleaned up; then a start on the same store.
    private func crash() throws {
        world.count("crashes")
        executor.crash()
        world.beginEpoch()
        executor = SingleThreadTaskExecutor(.seeded(seed &+ UInt64(incarnations) &* 7919))
        try checkStanding()
        try start()
    }

    // MARK: Time

    private func runJobs() throws {
        while let jobs = crashJobs.first {
            guard executor.run(jobs: max(0, jobs - executor.finishedJobs)) == .exhausted else { return }
            crashJobs.removeFirst()
            try crash()
        }
        executor.run()
    }

    /// The next thing in the world or in the daemon happens. `false` when nothing ever will.
    private func advance() throws -> Bool {
        let next = [world.nextEvent, world.clock.nextDeadline?.offset].compactMap { $0 }.min()
        guard let next else { return false }
        if let crashAt = crashTimes.first, crashAt <= next {
            crashTimes.removeFirst()
            if crashAt > world.now { world.clock.advance(to: .init(offset: crashAt)) }
            executor.run(jobs: world.number(below: 40))  // in the middle of whatever is ready
            try crash()
            return true
        }
        if next > world.now { world.clock.advance(to: .init(offset: next)) }
        world.runDueEvents()
        return true
    }

    /// Every session is over and its last words are in the chat.
    private func looksForRest() -> Bool {
        guard world.now >= restIsLookedFor, world.nextEvent == nil, chat.updates.isEmpty else { return false }
        restIsLookedFor = world.now + .seconds(5)
        return unrest().isEmpty
    }

    /// What is still to be done.
    private func unrest() -> String {
        let store = store
        let open = try? executor.complete {
            try await SimDisk.$isWatching.withValue(true) {
                try await store.read { transaction -> [String] in
                    try transaction.liveSessions().map { "session \($0.id.short) \($0.state)" }
                        + transaction.openLeases().filter { try !Self.isSetAside($0, transaction) }.map {
                            "lease \($0.id.short) \($0.state)"
                        }
                        + transaction.pendingInbound(limit: 10).map { "update \($0.event.key)" }
                        + transaction.chatsWithPendingNotices().map { "notices for \($0)" }
                }
            }
        }
        return open.map { $0.joined(separator: ", ") } ?? "the store does not answer"
    }

    /// The sandbox of a session that was set aside is kept for the operator.
    static func isSetAside(_ lease: LeaseRow, _ transaction: StoreTransaction) throws -> Bool {
        try transaction.session(lease.session)?.state == "quarantined"
    }
}

/// Who writes.
struct SimPeople {
    /// Starts most tasks.
    let ana = Person(id: PersonID("ana"), name: "Ana")
    /// Is let in as well.
    let bob = Person(id: PersonID("bob"), name: "Bob")
    /// Nobody let her in.
    let eve = Person(id: PersonID("eve"), name: "Eve")
    let rooms = ["room", "den", "attic"].map { ChatID(platform: PlatformID("sim"), value: $0) }
}

/// Texts that must not be lost.
final class Written: Sendable {
    private let all = Mutex<[String]>([])

    var texts: [String] { all.withLock { $0 } }
    func add(_ text: String) { all.withLock { $0.append(text) } }
    /// The next text of its kind.
    func next(_ kind: String) -> String {
        all.withLock { texts in
            texts.append("\(kind) \(texts.count)")
            return "\(kind) \(texts.count - 1)"
        }
    }
}
