import AnycodeCore
import Glibc

/// Who the sandbox's processes are on this machine.
///
/// An ordinary user's sandboxes run as that user, shut in by namespaces. A daemon that is root gives each lease
/// a number of its own that owns nothing else, so that even what is readable inside stays as private as it was.
enum SandboxUser: Hashable, Sendable {
    case caller
    case own(UInt32)

    /// Seen from inside, always.
    static let innerID: UInt32 = 1000

    static func current(for lease: LeaseID) -> SandboxUser {
        guard geteuid() == 0 else { return .caller }
        return .own(number(for: lease, map: ProcFile.text("/proc/self/uid_map") ?? ""))
    }

    var owner: UInt32? {
        if case .own(let number) = self { number } else { nil }
    }

    /// Above every range that distributions and systemd give away, or near the top of a container's smaller map.
    static func number(for lease: LeaseID, map: String) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in lease.rawValue.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        let wanted: UInt32 = 0x7000_0000 + hash % 0x0FFF_FFFF
        let ranges = map.split(separator: "\n").compactMap { line -> ClosedRange<UInt64>? in
            let fields = line.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
            guard fields.count == 3, fields[2] > 0 else { return nil }
            return fields[0]...(fields[0] + fields[2] - 1)
        }
        if ranges.isEmpty || ranges.contains(where: { $0.contains(UInt64(wanted)) }) { return wanted }
        return 61_000 + hash % 4_000
    }
}
