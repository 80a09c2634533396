import AnycodeCore
import CSandboxSystem
import Glibc

/// Waits until a sandbox's runner answers, or is dead, or time is up.
struct RunnerReadiness: Sendable {
    enum Outcome: Hashable, Sendable {
        case ready
        case died
        case unauthorized
        /// Alive and silent.
        case late(String)
    }

    let directory: LeaseDirectory
    let token: Secret
    let main: Descriptor
    /// Who must own the socket; `nil`: the daemon itself.
    let owner: UInt32?

    /// Woken by the kernel when something appears in the socket's directory or the process ends.
    func wait(until deadline: ContinuousClock.Instant, _ work: BlockingWork) throws(SandboxError) -> Outcome {
        let changes: Descriptor
        do throws(SystemError) {
            changes = try watchDirectory()
        } catch {
            throw SandboxError(error, doing: "watching the sandbox's socket")
        }
        var last = "it made no socket"
        var pause = Duration.milliseconds(5)
        while true {
            if adoptSocket() {
                switch try RunnerHealthCheck(socket: directory.socket, token: token).ask(until: deadline, work) {
                case .healthy: return .ready
                case .unauthorized: return .unauthorized
                case .refused: last = "its socket refuses connections"
                case .other(let what): last = what
                }
            }
            if ContinuousClock.now >= deadline { return .late(last) }
            // The name of a socket appears a moment before it listens, and no event tells of the latter.
            let next = last == "it made no socket" ? deadline : min(deadline, .now + pause)
            pause = min(pause * 2, .milliseconds(250))
            let woken = try work.wait(for: [main, changes], until: next)
            if woken.contains(0) { return .died }
            if woken.contains(1) { _ = try? changes.read() }
        }
    }

    /// Gives the runner's socket its second name, in the daemon's own directory; true once there is one.
    ///
    /// A link made by an agent is never followed: `link` does not, and only a socket of the right owner counts.
    private func adoptSocket() -> Bool {
        if isRunnersSocket(directory.socket) { return true }
        _ = unlink(directory.socket)
        guard link(directory.innerSocket, directory.socket) == 0 else { return false }
        if isRunnersSocket(directory.socket) { return true }
        _ = unlink(directory.socket)
        return false
    }

    private func isRunnersSocket(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
            && status.st_uid == owner ?? geteuid()
    }

    private func watchDirectory() throws(SystemError) -> Descriptor {
        let raw = anycode_watch_directory(directory.run)
        guard raw >= 0 else { throw SystemError("inotify") }
        return Descriptor(owning: raw)
    }
}
