/// Who sleeps until when, and who waits for sleepers: the state of a `ManualClock`.
struct SleepBook {
    typealias Continuation = UnsafeContinuation<Void, any Error>

    struct Sleeper {
        let ticket: UInt64
        let deadline: ManualClock.Instant
        let continuation: Continuation
    }

    struct Watcher {
        let ticket: UInt64
        let count: Int
        let continuation: Continuation
    }

    private(set) var now = ManualClock.Instant(offset: .zero)
    /// Ordered by deadline, then by ticket.
    private(set) var sleepers: [Sleeper] = []
    private var watchers: [Watcher] = []
    private var cancelledEarly: Set<UInt64> = []
    private var lastTicket: UInt64 = 0

    var nextDeadline: ManualClock.Instant? { sleepers.first?.deadline }

    mutating func newTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    mutating func sleep(_ ticket: UInt64, until deadline: ManualClock.Instant, _ continuation: Continuation) -> Wakings
    {
        if cancelledEarly.remove(ticket) != nil { return Wakings(cancelled: [continuation]) }
        guard deadline > now else { return Wakings(due: [continuation]) }
        let index = sleepers.firstIndex { $0.deadline > deadline } ?? sleepers.endIndex
        sleepers.insert(Sleeper(ticket: ticket, deadline: deadline, continuation: continuation), at: index)
        return satisfiedWatchers()
    }

    mutating func watch(_ ticket: UInt64, count: Int, _ continuation: Continuation) -> Wakings {
        if cancelledEarly.remove(ticket) != nil { return Wakings(cancelled: [continuation]) }
        watchers.append(Watcher(ticket: ticket, count: count, continuation: continuation))
        return satisfiedWatchers()
    }

    /// Cancels what the ticket waits for, also when its continuation is not yet here.
    mutating func cancel(_ ticket: UInt64) -> Wakings {
        if let index = sleepers.firstIndex(where: { $0.ticket == ticket }) {
            return Wakings(cancelled: [sleepers.remove(at: index).continuation])
        }
        if let index = watchers.firstIndex(where: { $0.ticket == ticket }) {
            return Wakings(cancelled: [watchers.remove(at: index).continuation])
        }
        cancelledEarly.insert(ticket)
        return Wakings()
    }

    mutating func advance(to instant: ManualClock.Instant) -> Wakings {
        now = max(now, instant)
        let due = sleepers.prefix { $0.deadline <= now }
        sleepers.removeFirst(due.count)
        return Wakings(due: due.map(\.continuation))
    }

    private mutating func satisfiedWatchers() -> Wakings {
        let present = sleepers.count
        let satisfied = watchers.filter { $0.count <= present }
        watchers.removeAll { $0.count <= present }
        return Wakings(due: satisfied.map(\.continuation))
    }
}

/// Continuations to resume after the lock is given back.
struct Wakings: Sendable {
    var due: [SleepBook.Continuation] = []
    var cancelled: [SleepBook.Continuation] = []

    func resume() {
        for continuation in due { continuation.resume() }
        for continuation in cancelled { continuation.resume(throwing: CancellationError()) }
    }
}
