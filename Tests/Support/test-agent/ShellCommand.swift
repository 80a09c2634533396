#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A command in a process group of its own.
struct ShellCommand {
    /// More output than this is read and thrown away.
    static let outputLimit = 4 * 1024 * 1024

    let command: String
    let workingDirectory: String

    /// Runs until the command has ended.
    /// - Throws: `TurnEnd.cancelled` after the whole group was killed.
    func run(orUntil interrupt: Interrupt) throws(TurnEnd) -> (output: String, exitCode: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .failed("pipe failed: \(systemMessage())") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let group: pid_t
        do throws(TurnEnd) {
            group = try spawn(output: ends[1])
        } catch {
            close(ends[1])
            throw error
        }
        close(ends[1])
        do throws(TurnEnd) {
            let output = try collect(ends[0], orUntil: interrupt)
            return (output, wait(for: group))
        } catch {
            kill(-group, SIGKILL)
            _ = wait(for: group)
            throw error
        }
    }

    private func spawn(output: Int32) throws(TurnEnd) -> pid_t {
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
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        // A spawned process cannot be given a directory portably: the outer shell goes there.
        let enter = "cd -- \"$0\" && exec /bin/sh -c \"$1\""
        let words = ["/bin/sh", "-c", enter, workingDirectory, command]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { (word: String) in strdup(word) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments, environ)
        guard failure == 0 else {
            throw .failed("The command cannot be started: \(String(cString: strerror(failure)))")
        }
        return process
    }

    private func collect(_ descriptor: Int32, orUntil interrupt: Interrupt) throws(TurnEnd) -> String {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            try interrupt.wait(for: descriptor)
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: output, as: UTF8.self) }
            output += buffer[..<min(count, max(0, Self.outputLimit - output.count))]
        }
    }

    private func wait(for process: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
