#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The processes of this machine (or container) as `/proc` shows them; empty where there is no `/proc`.
enum ProcessTable {
    struct Entry: Sendable, Equatable {
        var pid: pid_t
        var parent: pid_t
        var group: pid_t
        var session: pid_t
        var isZombie: Bool
    }

    static func read() -> [Entry] {
        directoryNames("/proc").compactMap { pid_t($0) }.compactMap(entry)
    }

    static func entry(_ pid: pid_t) -> Entry? {
        guard let stat = readProcFile("/proc/\(pid)/stat") else { return nil }
        // The name in parentheses may contain anything, also ") ".
        guard let nameEnd = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: stat[(nameEnd + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 4, let parent = pid_t(fields[1]), let group = pid_t(fields[2]),
            let session = pid_t(fields[3])
        else { return nil }
        return Entry(
            pid: pid, parent: parent, group: group, session: session, isZombie: fields[0] == "Z" || fields[0] == "X")
    }

    /// Living processes of an agent: descendants of `root`, members of its session or group, and those that
    /// carry `marker` in their environment (which finds daemonised ones, re-parented to this process).
    static func family(root: pid_t?, marker: String) -> [pid_t] {
        let all = read().filter { !$0.isZombie && $0.pid != getpid() }
        var found = Set(
            all.filter { entry in entry.pid == root || entry.session == root || entry.group == root }.map(\.pid))
        let marked = all.filter { !found.contains($0.pid) && environment(of: $0.pid, contains: marker) }
        found.formUnion(marked.map(\.pid))
        var size = -1
        while size != found.count {
            size = found.count
            for entry in all where found.contains(entry.parent) { found.insert(entry.pid) }
        }
        return found.sorted()
    }

    /// Living processes of all agents, by the marker that each carries.
    static func agents() -> [pid_t] {
        let all = read().filter { !$0.isZombie && $0.pid != getpid() }
        let name = "\(AgentEnvironment.markerName)="
        return all.map(\.pid).filter { environment(of: $0, contains: { $0.starts(with: name.utf8) }) }
    }

    private static func environment(of pid: pid_t, contains marker: String) -> Bool {
        let wanted = Array(marker.utf8)
        return environment(of: pid, contains: { (entry: ArraySlice<UInt8>) in entry.elementsEqual(wanted) })
    }

    private static func environment(of pid: pid_t, contains isMeant: (ArraySlice<UInt8>) -> Bool) -> Bool {
        guard let bytes = readProcFile("/proc/\(pid)/environ") else { return false }
        return bytes.split(separator: 0).contains(where: isMeant)
    }

    /// Files of `/proc` have no size; one that is longer than any kernel limit here is cut.
    private static func readProcFile(_ path: String) -> [UInt8]? {
        guard let file = try? OpenFile.open(path, O_RDONLY) else { return nil }
        var bytes: [UInt8] = []
        while bytes.count < 4 << 20, let part = try? file.read(at: bytes.count, count: 4096) {
            bytes += part
            if part.count < 4096 { break }
        }
        return bytes.isEmpty ? nil : bytes
    }
}
