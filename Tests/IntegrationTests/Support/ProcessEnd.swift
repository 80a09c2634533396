import CSandboxSystem
import Foundation

/// Waits for the end of processes, of ours and of others.
enum ProcessEnd {
    /// Whether the process ended in time, or was gone already.
    static func wait(of pid: Int32, within limit: Duration) async -> Bool {
        let handle = anycode_pidfd_open(pid)
        guard handle >= 0 else { return true }
        return await withCheckedContinuation { continuation in
            let thread = Thread {
                var poll = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
                let end = ContinuousClock.now + limit
                var ready: Int32
                repeat {
                    let left = max(.zero, end - .now)
                    ready = Foundation.poll(&poll, 1, Int32(left / .milliseconds(1)))
                } while ready < 0 && errno == EINTR
                close(handle)
                continuation.resume(returning: ready > 0)
            }
            thread.start()
        }
    }
}

/// What `/proc` tells of the processes of this machine.
enum ProcessList {
    static var all: [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
    }

    /// Those whose command line or environment names the directory.
    static func naming(_ directory: String) -> [Int32] {
        all.filter { pid in
            pid != getpid()
                && ["cmdline", "environ"].contains { text("/proc/\(pid)/\($0)").contains(directory) }
        }
    }

    /// The process and all that descend from it.
    static func tree(of pid: Int32) -> [Int32] {
        let parents = Dictionary(grouping: all) { parent(of: $0) }
        var found = [pid]
        var index = 0
        while index < found.count {
            found += parents[found[index]] ?? []
            index += 1
        }
        return found
    }

    static func command(of pid: Int32) -> String {
        text("/proc/\(pid)/cmdline").replacingOccurrences(of: "\0", with: " ")
    }

    private static func parent(of pid: Int32) -> Int32 {
        let status = text("/proc/\(pid)/stat")
        let fields = status[(status.lastIndex(of: ")") ?? status.startIndex)...].split(separator: " ")
        return fields.count > 2 ? Int32(fields[2]) ?? 0 : 0
    }

    private static func text(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
