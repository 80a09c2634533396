import CRunnerSystem
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A started child: its id is not reused by the system until its exit status was collected here.
final class ChildProcess: Sendable {
    let pid: pid_t
    private let state = Mutex(State.running([]))

    private enum State {
        case running([CheckedContinuation<ProcessExit, Never>])
        case ended(ProcessExit)
    }

    /// Starts a process and the thread that waits for its end.
    init(_ spawn: ProcessSpawn) throws(RunnerError) {
        pid = try Children.start(spawn)
        Thread.detach { [self] in
            let exit = Children.collect(pid)
            let waiting = state.withLock { state in
                defer { state = .ended(exit) }
                if case .running(let waiting) = state { return waiting }
                return []
            }
            for continuation in waiting { continuation.resume(returning: exit) }
        }
    }

    /// Waits for the end of the process, however the waiting task fares: the wait ends only with the process.
    func exit() async -> ProcessExit {
        await withCheckedContinuation { continuation in
            let ended = state.withLock { state -> ProcessExit? in
                switch state {
                case .ended(let exit): return exit
                case .running(let waiting):
                    state = .running(waiting + [continuation])
                    return nil
                }
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    var hasEnded: Bool {
        state.withLock { if case .ended = $0 { true } else { false } }
    }

    /// Sends a signal to the process group; does nothing once the process was collected.
    func signalGroup(_ signal: Int32) {
        state.withLock { if case .running = $0 { kill(-pid, signal) } }
    }
}

/// The children started here, so that the reaper of orphans leaves them alone.
enum Children {
    private static let owned = Mutex(Set<pid_t>())

    static func start(_ spawn: ProcessSpawn) throws(RunnerError) -> pid_t {
        try owned.withLock { owned throws(RunnerError) in
            let pid = try spawn.start()
            owned.insert(pid)
            return pid
        }
    }

    static func collect(_ pid: pid_t) -> ProcessExit {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        owned.withLock { _ = $0.remove(pid) }
        return ProcessExit(waitStatus: status)
    }

    /// Collects processes that were orphaned to this one and have ended.
    static func reapOrphans() {
        owned.withLock { owned in
            for process in ProcessTable.read() where process.parent == getpid() && process.isZombie {
                if !owned.contains(process.pid) { waitpid(process.pid, nil, WNOHANG) }
            }
        }
    }
}

/// Threads for the few calls that block: waiting for a child and for signals.
enum Thread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a thread with a small stack.
    static func detach(_ body: @escaping @Sendable () -> Void) {
        let argument = Unmanaged.passRetained(Body(body)).toOpaque()
        let status = anycode_start_thread(
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument, 256 << 10)
        // Late is better than never: without a thread the caller has to wait.
        if status != 0 { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
    }
}
