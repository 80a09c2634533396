import CSandboxSystem
import Dispatch
import Foundation
import Synchronization

/// One life of the daemon, from its start to its death.
final class DaemonRun: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var recovery: Duration?
        var isOver = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
    }

    let pid: Int32
    private let began = ContinuousClock.now
    private let handle: Int32
    private let state = Mutex(State())

    init(_ ground: Ground, onShutdown: Ground.OnShutdown) throws {
        var pipe: [Int32] = [-1, -1]
        guard anycode_sandbox_pipe(&pipe) == 0 else { throw POSIXError(.EMFILE) }
        let program = ground.program("anycode")
        let words: [String] = [program, "--config", ground.configuration(onShutdown)]
        let arguments = words.map { strdup($0) } + [nil]
        let environment = ground.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in arguments + environment { free(word) } }
        var pid: Int32 = -1
        let status = anycode_sandbox_spawn(&pid, program, arguments, environment, [-1, pipe[1], pipe[1]], 3)
        close(pipe[1])
        guard status == 0 else {
            close(pipe[0])
            throw Failure(description: "\(program) cannot be started: error \(errno)")
        }
        self.pid = pid
        handle = anycode_pidfd_open(pid)
        let reader = Thread { [self, ends = pipe[0]] in read(ends, log: ground.log) }
        reader.start()
    }

    deinit { close(handle) }

    /// From the start until every live session was in hand again; `nil` so far.
    var recovery: Duration? { state.withLock { $0.recovery } }

    /// Returns when every live session is in hand, when the daemon is dead, or when the time is over.
    func waitForRecovery(within limit: Duration) async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(limit / .milliseconds(1)))) { [self] in
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.recovery != nil || state.isOver { return true }
                state.waiters[number] = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    func signal(_ number: Int32) { _ = anycode_pidfd_send_signal(handle, number) }

    /// Whether it has ended by itself.
    var hasEnded: Bool {
        var poll = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
        return Foundation.poll(&poll, 1, 0) > 0
    }

    /// Its exit code, or 128 and the signal's number; `nil` when it did not end in time.
    func end(within limit: Duration) async -> Int32? {
        let handle = handle
        let ended: Bool = await withCheckedContinuation { continuation in
            let thread = Thread {
                var poll = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
                continuation.resume(returning: Foundation.poll(&poll, 1, Int32(limit / .milliseconds(1))) > 0)
            }
            thread.start()
        }
        return ended ? anycode_reap(pid) : nil
    }

    /// As a power failure for this one process.
    func kill() async -> Int32? {
        signal(SIGKILL)
        return await end(within: .seconds(30))
    }

    // MARK: Its log

    private func read(_ descriptor: Int32, log path: String) {
        let log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            _ = write(log, buffer, count)
            for byte in buffer[..<count] {
                line.append(byte)
                guard byte == 0x0A else { continue }
                if String(decoding: line, as: UTF8.self).contains("all live sessions are in hand") { recovered() }
                line = []
            }
        }
        close(descriptor)
        close(log)
        finish { $0.isOver = true }
    }

    private func recovered() {
        let time = ContinuousClock.now - began
        finish { $0.recovery = $0.recovery ?? time }
    }

    private func finish(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }
}
