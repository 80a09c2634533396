import AnycodeCore
import Synchronization

/// Lets calls through as the budget allows.
final class TelegramGate: Sendable {
    private let budget: Mutex<TelegramBudget>
    private let time: TelegramTime

    init(limits: TelegramBudget.Limits, time: TelegramTime) {
        budget = Mutex(TelegramBudget(limits: limits))
        self.time = time
    }

    var queue: Int { budget.withLock { $0.queue } }

    /// Returns when one call to this chat may go. Every waiter sleeps by itself until its turn can be.
    func pass(chat: Int64, priority: SendPriority) async throws {
        let number = budget.withLock { $0.join(chat: chat, priority: priority) }
        do {
            while case .wait(let until) = budget.withLock({ $0.ask(number, at: time.now()) }) {
                try await time.sleep(until - time.now())
            }
        } catch {
            budget.withLock { $0.leave(number) }
            throw error
        }
    }

    /// A call that was let through is over. The next one keeps its distance from the answer, since calls may be long on
    /// their way.
    func answered(chat: Int64) {
        budget.withLock { $0.answered(chat: chat, at: time.now()) }
    }

    /// The server asked for this pause.
    func block(chat: Int64, for pause: Duration) {
        let until = time.now() + pause
        budget.withLock { $0.block(chat: chat, until: until) }
    }

    func recall(_ past: TelegramPast, of chat: Int64, date: Double) {
        budget.withLock { $0.recall(past, of: chat, date: date, at: time.now()) }
    }

    func past(of chat: Int64, date: Double) -> TelegramPast? {
        budget.withLock { $0.past(of: chat, date: date, at: time.now()) }
    }

    /// How much longer the server's pause lasts; `nil` when it is over.
    func pause(of chat: Int64) -> Duration? {
        let left = budget.withLock { $0.blockedUntil(chat) } - time.now()
        return left > .zero ? left : nil
    }
}

/// A clock without its type, counted from the start.
struct TelegramTime: Sendable {
    let now: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async throws -> Void

    init<C: Clock<Duration>>(_ clock: C) {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }
}
