import AnycodeCore
import CSandboxSystem
import Glibc
import Synchronization

/// A process this daemon started, in a session of its own; reaped when it ends, whether or not anyone asks.
final class ChildProcess: Sendable {
    let pid: Int32
    let handle: Descriptor
    private let exitCode: Mutex<Int?> = Mutex(nil)
    private let reaped: Descriptor

    /// - Parameters:
    ///   - descriptors: what the child has at 0, 1, 2, …; `nil` is `/dev/null`. It has no others.
    ///   - environment: all of its environment.
    init(
        _ command: [String], descriptors: [Descriptor?], environment: [String: String]
    ) throws(SystemError) {
        guard let program = command.first else { throw SystemError("spawn", EINVAL) }
        // Copies above the child's own numbers, so that one move cannot overwrite another's source.
        var copies: [Descriptor?] = []
        for descriptor in descriptors {
            copies.append(try descriptor?.duplicate(from: Int32(descriptors.count)))
        }
        let numbers = copies.map { $0?.raw ?? -1 }
        var started: pid_t = 0
        let failure = Self.withCStrings(command) { arguments in
            Self.withCStrings(environment.map { "\($0)=\($1)" }) { variables in
                anycode_sandbox_spawn(&started, program, arguments, variables, numbers, Int32(numbers.count)) == 0
                    ? 0 : errno
            }
        }
        withExtendedLifetime(copies) {}
        guard failure == 0 else { throw SystemError("start \(program)", failure) }
        pid = started
        handle = try Descriptor.process(started)
        reaped = try Descriptor.event()
        try ExitWatcher.shared.watch(handle) { [self] in reap() }
    }

    /// The exit code (128 and the signal's number for a killed one); `nil` at the deadline.
    func exit(until deadline: ContinuousClock.Instant, _ work: BlockingWork) throws(SandboxError) -> Int? {
        guard try work.wait(for: reaped, until: deadline) else { return nil }
        return exitCode.withLock { $0 }
    }

    var knownExitCode: Int? { exitCode.withLock { $0 } }

    func signal(_ number: Int32) {
        _ = anycode_pidfd_send_signal(handle.raw, number)
    }

    private func reap() {
        let code = anycode_reap(pid)
        exitCode.withLock { $0 = code >= 0 ? Int(code) : nil }
        try? reaped.write([1, 0, 0, 0, 0, 0, 0, 0])
    }

    private static func withCStrings<Value>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { pointers.forEach { free($0) } }
        return pointers.withUnsafeBufferPointer { buffer in
            var fallback: UnsafeMutablePointer<CChar>?
            return withUnsafePointer(to: &fallback) { body(buffer.baseAddress ?? $0) }
        }
    }
}
