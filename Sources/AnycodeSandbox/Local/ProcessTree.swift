#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The processes below one, found through `/proc`.
enum ProcessTree {
    static func children(of pid: Int32) -> [Int32] {
        (ProcFile.text("/proc/\(pid)/task/\(pid)/children") ?? "")
            .split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
    }

    /// `pid`'s children, grandchildren and so on, at most `limit`.
    static func descendants(of pid: Int32, limit: Int = 4096) -> [Int32] {
        var found: [Int32] = []
        var waiting = [pid]
        while let next = waiting.popLast(), found.count < limit {
            // A child belongs to the thread that made it.
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(next)/task")) ?? []
            for thread in threads {
                let children = (ProcFile.text("/proc/\(next)/task/\(thread)/children") ?? "")
                    .split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
                found += children
                waiting += children
            }
        }
        return found
    }

    /// The command that `init` of a PID namespace was asked to run: number 2 inside.
    static func command(underInit pid: Int32) -> Int32? {
        children(of: pid).first { child in
            let line = (ProcFile.text("/proc/\(child)/status") ?? "").split(separator: "\n")
                .first { $0.hasPrefix("NSpid:") }
            return line?.split(whereSeparator: \.isWhitespace).last == "2"
        }
    }

    /// Every process that can be seen.
    static func all() -> [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
    }
}
