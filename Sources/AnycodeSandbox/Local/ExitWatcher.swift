import CSandboxSystem
import Glibc
import Synchronization

/// Waits for the end of any number of processes, ours or not, on one thread that sleeps until one ends.
final class ExitWatcher: Sendable {
    static let shared = ExitWatcher()

    private struct Watch {
        let handle: Descriptor
        let onExit: @Sendable () -> Void
    }

    private struct State {
        var nextID: UInt64 = 0
        var watches: [UInt64: Watch] = [:]
        var threadRuns = false
    }

    private let set = Descriptor(owning: anycode_watch_create())
    private let state = Mutex(State())

    /// Calls `onExit` once, from the watcher's thread, when the process has ended.
    @discardableResult
    func watch(_ process: Descriptor, onExit: @escaping @Sendable () -> Void) throws(SystemError) -> UInt64 {
        let handle = try process.duplicate()
        let id = state.withLock { state in
            state.nextID += 1
            state.watches[state.nextID] = Watch(handle: handle, onExit: onExit)
            return state.nextID
        }
        guard anycode_watch_add(set.raw, handle.raw, id) == 0 else {
            let failure = SystemError("epoll_ctl")
            state.withLock { _ = $0.watches.removeValue(forKey: id) }
            throw failure
        }
        try startThread()
        return id
    }

    /// Whether the watch was still there; then it will not fire any more.
    @discardableResult
    func unwatch(_ id: UInt64) -> Bool {
        state.withLock { state in
            guard let watch = state.watches.removeValue(forKey: id) else { return false }
            _ = anycode_watch_remove(set.raw, watch.handle.raw)
            return true
        }
    }

    /// Returns when the process has ended.
    func exit(of process: Descriptor) async throws(CancellationError) {
        let waiter = ExitWaiter()
        let id = try? watch(process) { waiter.finish(ended: true) }
        guard let id else { return }
        let ended = await withTaskCancellationHandler {
            await waiter.value()
        } onCancel: {
            waiter.finish(ended: false)
        }
        unwatch(id)
        guard ended else { throw CancellationError() }
    }

    private func startThread() throws(SystemError) {
        let failure: Int32 = state.withLock { state in
            guard !state.threadRuns else { return 0 }
            var thread = pthread_t()
            let failure = pthread_create(
                &thread, nil,
                { _ in
                    ExitWatcher.shared.loop()
                    return nil
                }, nil)
            if failure == 0 {
                pthread_detach(thread)
                state.threadRuns = true
            }
            return failure
        }
        guard failure == 0 else { throw SystemError("pthread_create", failure) }
    }

    private func loop() {
        var ids = [UInt64](repeating: 0, count: 64)
        while true {
            let count = anycode_watch_wait(set.raw, &ids, Int32(ids.count))
            if count < 0 && errno != EINTR { return }
            for id in ids.prefix(max(0, Int(count))) {
                let watch = state.withLock { $0.watches.removeValue(forKey: id) }
                watch?.onExit()
            }
        }
    }
}

/// One waiting task and the first of: the process ended, the task was cancelled.
private final class ExitWaiter: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Bool, Never>)
        case finished(Bool)
    }

    private let state = Mutex(State.idle)

    func finish(ended: Bool) {
        let continuation: CheckedContinuation<Bool, Never>? = state.withLock { state in
            switch state {
            case .finished: return nil
            case .idle:
                state = .finished(ended)
                return nil
            case .waiting(let continuation):
                state = .finished(ended)
                return continuation
            }
        }
        continuation?.resume(returning: ended)
    }

    func value() async -> Bool {
        await withCheckedContinuation { continuation in
            let known: Bool? = state.withLock { state in
                if case .finished(let ended) = state { return ended }
                state = .waiting(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
