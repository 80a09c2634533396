#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Ends an agent with everything it started: politely first, then by force.
struct ProcessTree: Sendable {
    var root: pid_t?
    /// `NAME=value` in the environment of every process of the tree.
    var marker: String
    var grace: Duration
    var clock: any Clock<Duration>

    /// Returns once no process of the tree is left, or after the last signal was ignored for as long as the grace.
    func end() async {
        signalAll(SIGTERM)
        if await gone(within: grace) { return }
        signalAll(SIGKILL)
        // A killed parent may have had a child that was starting meanwhile.
        _ = await gone(within: grace) { signalAll(SIGKILL) }
    }

    private func signalAll(_ signal: Int32) {
        for pid in ProcessTable.family(root: root, marker: marker) { kill(pid, signal) }
    }

    /// There is no notice of the end of processes that are no children: `/proc` has to be asked.
    private func gone(within limit: Duration, _ again: () -> Void = {}) async -> Bool {
        let step = Duration.milliseconds(20)
        var waited = Duration.zero
        while !ProcessTable.family(root: root, marker: marker).isEmpty {
            if waited >= limit { return false }
            again()
            // Cancellation may not leave processes behind: it shortens the grace instead.
            do { try await clock.sleep(for: step) } catch { return false }
            waited += step
        }
        return true
    }
}
