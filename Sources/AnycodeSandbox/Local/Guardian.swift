import AnycodeCore
import Glibc

/// The small process beside each sandbox that outlives the daemon: it keeps the log within bounds, holds the
/// sandbox's network open, and ends when the sandbox has, for then the pipe it reads is closed.
enum Guardian {
    /// Of the log and of the one before it, each.
    static let logBytes = 262_144

    /// The guardian's descriptors besides the log pipe at 0 and the report at 1.
    static let userNamespaceNumber = 3
    static let networkNumber = 4

    /// `$1` the log, `$2…` the network's program, if any.
    ///
    /// Its report is one line: the process number of that program once it serves.
    private static let script = """
        log=$1; shift; helper=
        if [ $# -gt 0 ]; then "$@" 0<&4 2>>"$log" & helper=$!; fi
        exec 1>/dev/null 3<&- 4<&-
        while head -c \(logBytes) >>"$log" && [ "$(wc -c <"$log")" -ge \(logBytes) ]; do mv -f "$log" "$log.1"; done
        if [ -n "$helper" ]; then kill "$helper"; wait "$helper"; fi 2>/dev/null
        """

    static func command(log: String, network: [String]) -> [String] {
        ["/bin/sh", "-c", script, "anycode-guardian", log] + network
    }

    /// The last part of the log, in one line, for messages.
    static func tail(of directory: LeaseDirectory, limit: Int = 400) -> String? {
        let text = ProcFile.text(directory.log) ?? ""
        let lines = text.split(whereSeparator: \.isNewline).suffix(4).map(String.init)
        let line = lines.joined(separator: "; ").filter { !$0.isNewline && $0 != "\u{1B}" }
        return line.isEmpty ? nil : String(line.suffix(limit))
    }
}
