import AnycodeCore
import HTTPTransport
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Tells of the end of containers: one stream of events for all that are waited for.
///
/// What happened while there was no stream is found by a list at its beginning, and the stream begins at the time of that
/// list, by the Engine's own clock. An event is only a hint to look: a repeated one is harmless.
final class EngineWatch: Sendable {
    private struct State {
        var nextID: UInt64 = 0
        var waiters: [UInt64: ContainerWaiter] = [:]
        /// Containers that lost a process to want of memory.
        var outOfMemory: Set<String> = []
        /// Lives as long as someone waits.
        var stream: Task<Void, Never>?
    }

    private let engine: Engine
    private let labels: [String]
    private let clock: any Clock<Duration>
    private let state = Mutex(State())

    init(engine: Engine, instance: InstanceID, clock: any Clock<Duration>) {
        self.engine = engine
        self.clock = clock
        labels = ["anycode=true", "anycode.instance=\(instance)"]
    }

    /// Returns when the container is dead or gone. An Engine that cannot be reached is waited for.
    func exit(of container: String) async throws(CancellationError) -> SandboxExit {
        let waiter = ContainerWaiter(container)
        let id = add(waiter)
        defer { remove(id) }
        let exit = await withTaskCancellationHandler {
            // It may have died before anyone looked at events.
            while await !look(at: container), !waiter.isFinished {
                if (try? await clock.sleep(for: .milliseconds(500))) == nil { break }
            }
            return await waiter.value()
        } onCancel: {
            waiter.finish(nil)
        }
        guard let exit else { throw CancellationError() }
        return exit
    }

    private func add(_ waiter: ContainerWaiter) -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            state.waiters[state.nextID] = waiter
            if state.stream == nil { state.stream = Task { await self.run() } }
            return state.nextID
        }
    }

    private func remove(_ id: UInt64) {
        let finished: Task<Void, Never>? = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: id)
            if let waiter, !state.waiters.values.contains(where: { $0.container == waiter.container }) {
                state.outOfMemory.remove(waiter.container)
            }
            guard state.waiters.isEmpty else { return nil }
            defer { state.stream = nil }
            return state.stream
        }
        finished?.cancel()
    }

    /// Follows the events, again and again, until cancelled.
    private func run() async {
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            do throws(EngineError) {
                try await follow { pause = .milliseconds(100) }
            } catch {
                // A stream that breaks is taken up again; what it was to tell is found by the list.
            }
            if (try? await clock.sleep(for: pause)) == nil { return }
            pause = min(pause * 2, .seconds(5))
        }
    }

    private func follow(onStart: () -> Void) async throws(EngineError) {
        let (entries, date) = try await engine.containers(labels: labels)
        var filters: [String: [String]] = ["type": ["container"], "label": labels]
        filters["event"] = ["die", "oom", "destroy"]
        var call = EngineCall(
            .get, "/events", ["filters": String(decoding: try Engine.encode(filters), as: UTF8.self)])
        // A header tells whole seconds: one too early is harmless.
        if let since = date.flatMap(EngineDate.seconds) { call.query.append(("since", "\(since - 1)")) }
        call.timeout = nil
        let stream = try await engine.stream(call)
        onStart()
        await settle(alive: Set(entries.filter(\.isRunning).map(\.id)))
        var lines = JSONLines()
        while let bytes = try await next(stream) {
            for line in lines.receive(bytes) { await receive(line) }
        }
    }

    private func next(_ stream: HTTPStream) async throws(EngineError) -> [UInt8]? {
        do throws(HTTPError) {
            return try await stream.body.next()
        } catch {
            throw .transport(error)
        }
    }

    private func settle(alive: Set<String>) async {
        let missing = state.withLock { Set($0.waiters.values.map(\.container)) }.subtracting(alive)
        for container in missing { await look(at: container) }
    }

    private func receive(_ line: [UInt8]) async {
        guard let event = try? Engine.decode(EngineEvent.self, line) else { return }
        let container = event.actor.id
        let isAwaited = state.withLock { state in
            guard state.waiters.values.contains(where: { $0.container == container }) else { return false }
            if event.action == "oom" { state.outOfMemory.insert(container) }
            return true
        }
        if isAwaited, event.action != "oom" { await look(at: container) }
    }

    /// Asks the Engine and tells those who wait; false when it does not answer.
    @discardableResult
    private func look(at container: String) async -> Bool {
        do throws(EngineError) {
            let details = try await engine.container(container)
            if let details, details.state.isRunning { return true }
            finish(container, details?.state)
            return true
        } catch {
            return false
        }
    }

    private func finish(_ container: String, _ end: ContainerDetails.State?) {
        let (waiters, sawOutOfMemory) = state.withLock { state in
            (state.waiters.values.filter { $0.container == container }, state.outOfMemory.contains(container))
        }
        let exit = SandboxExit(end, sawOutOfMemory: sawOutOfMemory)
        for waiter in waiters { waiter.finish(exit) }
    }
}

/// A line of `GET /events`, as far as it is used.
struct EngineEvent: Decodable, Sendable {
    struct Actor: Decodable, Sendable {
        let id: String

        enum CodingKeys: String, CodingKey { case id = "ID" }
    }

    let action: String
    let actor: Actor

    enum CodingKeys: String, CodingKey {
        case action = "Action"
        case actor = "Actor"
    }
}

/// One waiting task and the first of: the container ended, the task was cancelled.
private final class ContainerWaiter: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<SandboxExit?, Never>)
        case finished(SandboxExit?)
    }

    let container: String
    private let state = Mutex(State.idle)

    init(_ container: String) {
        self.container = container
    }

    var isFinished: Bool {
        state.withLock { if case .finished = $0 { true } else { false } }
    }

    /// - Parameter exit: `nil` when cancelled.
    func finish(_ exit: SandboxExit?) {
        let continuation: CheckedContinuation<SandboxExit?, Never>? = state.withLock { state in
            switch state {
            case .finished: return nil
            case .idle:
                state = .finished(exit)
                return nil
            case .waiting(let continuation):
                state = .finished(exit)
                return continuation
            }
        }
        continuation?.resume(returning: exit)
    }

    func value() async -> SandboxExit? {
        await withCheckedContinuation { continuation in
            let known: SandboxExit?? = state.withLock { state in
                if case .finished(let exit) = state { return .some(exit) }
                state = .waiting(continuation)
                return .none
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
