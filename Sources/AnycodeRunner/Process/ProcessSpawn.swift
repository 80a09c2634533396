import CRunnerSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How a process came to its end.
package struct ProcessExit: Sendable, Equatable {
    package var code: Int32?
    package var signal: Int32?

    package var success: Bool { code == 0 }

    package init(code: Int32? = nil, signal: Int32? = nil) {
        self.code = code
        self.signal = signal
    }

    init(waitStatus status: Int32) {
        let signal = status & 0x7F
        if signal == 0 {
            self.init(code: (status >> 8) & 0xFF)
        } else {
            self.init(signal: signal)
        }
    }

    var words: String {
        if let code { return "ended with exit code \(code)" }
        if let signal { return "was ended by signal \(signal)" }
        return "ended"
    }
}

/// What to start and with which ends of its standard streams.
struct ProcessSpawn {
    var executable: String
    var arguments: [String]
    var environment: [String: String]
    var directory: String
    /// Descriptors that become 0, 1 and 2 of the new process; they stay open here.
    var standardStreams: (input: Int32, output: Int32, error: Int32)

    /// Starts the process in a session (and process group) of its own, with default signals and no other descriptors.
    func start() throws(RunnerError) -> pid_t {
        let argv = ([executable] + arguments).map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let status = anycode_spawn(
            &pid, executable, argv, envp, directory, standardStreams.input, standardStreams.output,
            standardStreams.error)
        guard status == 0 else {
            let reason = String(cString: strerror(status))
            throw RunnerError(.agentMissing, "Could not start \(executable) in \(directory): \(reason).")
        }
        return pid
    }
}

/// A pipe whose ends are closed on exec.
func makePipe() throws(RunnerError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard anycode_pipe(&ends) == 0 else { throw .storage("create", "a pipe") }
    return (ends[0], ends[1])
}
