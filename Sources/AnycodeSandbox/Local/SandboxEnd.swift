import AnycodeCore
import CSandboxSystem
import Glibc

/// Ends a sandbox's processes: politely, then for certain.
struct SandboxEnd: Sendable {
    let record: LeaseRecord
    let directory: LeaseDirectory
    let grace: Duration
    let work: BlockingWork

    func run() throws(SandboxError) {
        if let identity = record.main, let main = identity.open() {
            let leftovers = record.isolation == .none ? ProcessTree.descendants(of: identity.pid) : []
            let handles = leftovers.compactMap { try? Descriptor.process($0) }
            askRunner(identity, main)
            if try !work.wait(for: main, until: .now + grace) { try kill(main) }
            // With isolation the kernel has ended them all; without, they may have gone their own way.
            for handle in handles { _ = anycode_pidfd_send_signal(handle.raw, SIGKILL) }
        }
        if record.isolation == .none, let identity = record.main { killSession(of: identity) }
        if record.isolation == .bubblewrap, record.main == nil { try UnrecordedStart(directory: directory).end(work) }
        try endGuardian()
    }

    private func kill(_ main: Descriptor) throws(SandboxError) {
        _ = anycode_pidfd_send_signal(main.raw, SIGKILL)
        guard try work.wait(for: main, until: .now + .seconds(10)) else {
            throw SandboxError(
                .unavailable, "the sandbox's processes do not end", hint: "They wait for a device; look at dmesg.")
        }
    }

    /// The init of a PID namespace ignores a polite signal, so the runner below it gets one.
    private func askRunner(_ identity: ProcessIdentity, _ main: Descriptor) {
        guard record.isolation == .bubblewrap else {
            _ = anycode_pidfd_send_signal(main.raw, SIGTERM)
            return
        }
        guard let runner = ProcessTree.command(underInit: identity.pid), let handle = try? Descriptor.process(runner),
            ProcessStatus(of: runner)?.parent == identity.pid
        else {
            _ = anycode_pidfd_send_signal(main.raw, SIGKILL)
            return
        }
        _ = anycode_pidfd_send_signal(handle.raw, SIGTERM)
    }

    /// Those that stayed in the session that the runner was started in.
    private func killSession(of identity: ProcessIdentity) {
        for pid in ProcessTree.all() {
            guard let handle = try? Descriptor.process(pid), let status = ProcessStatus(of: pid),
                status.session == identity.pid, status.startTime >= identity.startTime
            else { continue }
            _ = anycode_pidfd_send_signal(handle.raw, SIGKILL)
        }
    }

    private func endGuardian() throws(SandboxError) {
        guard let guardian = record.guardian?.open(), try !work.wait(for: guardian, until: .now + .seconds(2)) else {
            return
        }
        let helpers = ProcessTree.children(of: record.guardian?.pid ?? 0).compactMap { try? Descriptor.process($0) }
        for process in [guardian] + helpers { _ = anycode_pidfd_send_signal(process.raw, SIGKILL) }
        _ = try work.wait(for: guardian, until: .now + .seconds(2))
    }
}
