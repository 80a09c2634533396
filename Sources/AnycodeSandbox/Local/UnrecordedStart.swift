import AnycodeCore
import CSandboxSystem
import Glibc

/// What a start leaves whose daemon was killed before it could record a process.
///
/// bubblewrap ends by SIGPIPE when nobody reads which process is inside, and that one then waits for it for ever. Nothing
/// but its command line tells whose it is: it binds the lease's workspace.
struct UnrecordedStart: Sendable {
    let directory: LeaseDirectory

    /// Kills its processes; returns when they have ended.
    func end(_ work: BlockingWork) throws(SandboxError) {
        let processes = ProcessTree.all().compactMap(handle)
        for process in processes { _ = anycode_pidfd_send_signal(process.raw, SIGKILL) }
        for process in processes where try !work.wait(for: process, until: .now + .seconds(10)) {
            throw SandboxError(
                .unavailable, "the processes of a start that was broken off do not end",
                hint: "They wait for a device; look at dmesg.")
        }
    }

    /// The handle first, then the comparison: the number cannot change hands in between.
    private func handle(_ pid: Int32) -> Descriptor? {
        guard let handle = try? Descriptor.process(pid), isOurs(pid) else { return nil }
        return handle
    }

    /// Also while `systemd-run` has not yet become bubblewrap: the arguments are there.
    private func isOurs(_ pid: Int32) -> Bool {
        let arguments = (ProcFile.text("/proc/\(pid)/cmdline") ?? "")
            .split(separator: "\0", omittingEmptySubsequences: false)
        return zip(arguments, arguments.dropFirst()).contains { $0 == "--bind" && $1 == directory.workspace }
            && ProcessOwner.of(pid) == getuid()
    }
}

/// Whom a process belongs to, by the user it really is (`Uid:` of proc(5)).
private enum ProcessOwner {
    static func of(_ pid: Int32) -> uid_t? {
        (ProcFile.text("/proc/\(pid)/status") ?? "").split(separator: "\n").first { $0.hasPrefix("Uid:") }?
            .split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { uid_t($0) }
    }
}
