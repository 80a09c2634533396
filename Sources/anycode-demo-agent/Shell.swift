import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs commands with `/bin/sh`, each in a process group of its own.
enum Shell {
    struct Failed: Error {}

    /// Calls `heard` with pieces of the output; returns the exit code. Cancelling kills the command's group.
    static func run(_ command: String, in directory: String, heard: (String) -> Void) async throws -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failed() }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        let pid: pid_t
        do {
            defer { close(ends[1]) }
            pid = try spawn(command, directory, output: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
        let child = Child(pid: pid)
        let (pieces, continuation) = AsyncStream.makeStream(of: String.self)
        startReading(ends[0], child, continuation)
        return try await withTaskCancellationHandler {
            for await piece in pieces { heard(piece) }
            try Task.checkCancellation()
            return child.code ?? -1
        } onCancel: {
            child.kill()
        }
    }

    /// The command; signalled only until it was collected, when its number may go to another process.
    private final class Child: Sendable {
        private let state: Mutex<(pid: pid_t?, code: Int32?)>

        init(pid: pid_t) { state = Mutex((pid, nil)) }

        var code: Int32? { state.withLock(\.code) }

        func kill() {
            state.withLock { if let pid = $0.pid { Shell.killGroup(pid) } }
        }

        /// Waits for the end without collecting, then collects under the lock.
        func collect() {
            guard let pid = state.withLock(\.pid) else { return }
            var information = siginfo_t()
            while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            state.withLock {
                var status: Int32 = 0
                waitpid(pid, &status, 0)
                $0 = (nil, status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F))
            }
        }
    }

    private static func killGroup(_ pid: pid_t) {
        kill(-pid, SIGKILL)
    }

    private static func spawn(_ command: String, _ directory: String, output: Int32) throws -> pid_t {
        #if canImport(Glibc)
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #else
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        posix_spawnattr_setpgroup(&attributes, 0)
        // A command whose output nobody reads any more ends by itself.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        let words = ["/bin/sh", "-c", "cd \"$0\" && eval \"$1\"", directory, command]
        let argv = words.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, environ) == 0 else { throw Failed() }
        return pid
    }

    private static func startReading(
        _ descriptor: Int32, _ child: Child, _ continuation: AsyncStream<String>.Continuation
    ) {
        Background.run {
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            while true {
                let got = read(descriptor, &buffer, buffer.count)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { break }
                continuation.yield(String(decoding: buffer.prefix(got), as: UTF8.self))
            }
            close(descriptor)
            child.collect()
            continuation.finish()
        }
    }
}
