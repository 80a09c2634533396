import Synchronization

/// Delivers a supervisor's events, and those below it, to its observers and upwards.
///
/// Events are enqueued under the supervisor's lock, which fixes their order, and delivered outside of it by one
/// thread at a time.
final class EventHub: Sendable {
    /// Events that may wait for a slow synchronous observer before the oldest are dropped.
    static let backlog = 65_536

    private struct State {
        var streams: [Int: AsyncStream<SupervisionEvent>.Continuation] = [:]
        var nextStream = 0
        var pending: [SupervisionEvent] = []
        var sequence: UInt64 = 0
        var delivering = false
        var finished = false
    }

    private let parent: EventHub?
    private let id: String
    private let observer: (@Sendable (SupervisionEvent) -> Void)?
    private let listeners: Atomic<Int>
    private let state = Mutex(State())

    init(parent: EventHub?, id: String, observer: (@Sendable (SupervisionEvent) -> Void)?) {
        self.parent = parent
        self.id = id
        self.observer = observer
        listeners = Atomic(observer == nil ? 0 : 1)
    }

    /// Whether anybody listens here or above.
    var isActive: Bool {
        listeners.load(ordering: .relaxed) > 0 || parent?.isActive == true
    }

    /// The way from the root supervisor to this one.
    var path: NodePath {
        parent.map { $0.path.appending(id) } ?? NodePath([])
    }

    func enqueue(_ kind: SupervisionEvent.Kind, at components: [String], time: Duration) {
        if listeners.load(ordering: .relaxed) > 0 {
            state.withLock { state in
                state.sequence += 1
                if state.pending.count >= Self.backlog { state.pending.removeFirst(Self.backlog / 2) }
                state.pending.append(
                    SupervisionEvent(path: NodePath(components), kind: kind, time: time, sequence: state.sequence)
                )
            }
        }
        guard let parent, parent.isActive else { return }
        parent.enqueue(kind, at: [id] + components, time: time)
    }

    /// Delivers what is pending here and above; not to be called under a lock.
    func deliver() {
        let others = state.withLock { state in
            defer { state.delivering = true }
            return state.delivering
        }
        // Whoever delivers already, perhaps further up this very stack, takes these events too.
        while !others, let batch = nextBatch() {
            for event in batch.events {
                observer?(event)
                for stream in batch.streams { stream.yield(event) }
            }
            if batch.last {
                for stream in batch.streams { stream.finish() }
            }
        }
        parent?.deliver()
    }

    func stream(bufferingNewest limit: Int) -> AsyncStream<SupervisionEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: SupervisionEvent.self, bufferingPolicy: .bufferingNewest(max(1, limit))
        )
        let number = state.withLock { state -> Int? in
            guard !state.finished else { return nil }
            state.nextStream += 1
            state.streams[state.nextStream] = continuation
            return state.nextStream
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        listeners.add(1, ordering: .relaxed)
        continuation.onTermination = { [weak self] _ in self?.remove(number) }
        return stream
    }

    /// Delivers the rest and ends the streams, once the supervisor has stopped.
    func finish() {
        state.withLock { $0.finished = true }
        deliver()
    }

    private func remove(_ number: Int) {
        let removed = state.withLock { $0.streams.removeValue(forKey: number) != nil }
        if removed { listeners.subtract(1, ordering: .relaxed) }
    }

    private struct Batch {
        let events: [SupervisionEvent]
        let streams: [AsyncStream<SupervisionEvent>.Continuation]
        let last: Bool
    }

    private func nextBatch() -> Batch? {
        state.withLock { state in
            let last = state.finished && !state.streams.isEmpty
            if state.pending.isEmpty && !last {
                state.delivering = false
                return nil
            }
            let streams = state.streams.sorted { $0.key < $1.key }.map(\.value)
            let events = state.pending
            state.pending = []
            if last {
                state.streams = [:]
                listeners.store(observer == nil ? 0 : 1, ordering: .relaxed)
            }
            return Batch(events: events, streams: streams, last: last)
        }
    }
}
