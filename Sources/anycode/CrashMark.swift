import AnycodeRuntime
import CCrashMark
import Foundation

/// Tells a start how the daemon before it ended: a crash leaves a file behind, a `kill -9` and a power failure do not.
enum CrashMark {
    /// How the last one ended; from now on this process leaves a mark when it crashes.
    static func replace(at path: String) -> LastEnd {
        let hasCrashed = unlink(path) == 0
        _ = anycode_mark_crashes(path)
        return hasCrashed ? .crash : .other
    }
}
