import AnycodeCore
import Glibc

/// A short program run to its end.
struct Command: Sendable {
    struct Result: Sendable {
        /// 128 and the signal's number for a killed one; `nil` when it had to be killed at the deadline.
        let exitCode: Int?
        let output: String

        /// For messages.
        var lastLine: String {
            let line = output.split(whereSeparator: \.isNewline).last.map(String.init) ?? "no output"
            return exitCode == nil ? "no answer in time" : String(line.prefix(300))
        }
    }

    let command: [String]
    /// Its descriptors from 3 on.
    let extra: [Descriptor]
    let environment: [String: String]

    init(_ command: [String], extra: [Descriptor] = [], environment: [String: String] = Command.plainEnvironment) {
        self.command = command
        self.extra = extra
        self.environment = environment
    }

    static let plainEnvironment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
    ]

    /// Output and error output together, at most 64 kB of it.
    func run(until deadline: ContinuousClock.Instant, _ work: BlockingWork) throws(SandboxError) -> Result {
        let started: (child: ChildProcess, output: Descriptor)
        do throws(SystemError) {
            started = try start()
        } catch {
            throw SandboxError(error, doing: "running \(command.first ?? "a program")")
        }
        return try collect(started.child, started.output, until: deadline, work)
    }

    /// The pipe's writing end is the child's alone when this returns.
    private func start() throws(SystemError) -> (child: ChildProcess, output: Descriptor) {
        let (read, write) = try Descriptor.pipe()
        let child = try ChildProcess(
            command, descriptors: [nil, write, write] + extra.map(Optional.some), environment: environment)
        return (child, read)
    }

    private func collect(
        _ child: ChildProcess, _ pipe: Descriptor, until deadline: ContinuousClock.Instant, _ work: BlockingWork
    ) throws(SandboxError) -> Result {
        defer { child.signal(SIGKILL) }
        let exitCode = try child.exit(until: deadline, work)
        var output: [UInt8] = []
        while output.count < 65536, let ready = try? work.wait(for: pipe, until: .now), ready,
            let part = try? pipe.read(), !part.isEmpty
        {
            output += part
        }
        return Result(exitCode: exitCode, output: String(decoding: output, as: UTF8.self))
    }
}
