import Glibc

/// A process that cannot be mistaken for a later one with the same number.
struct ProcessIdentity: Hashable, Sendable, Codable {
    let pid: Int32
    /// Clock ticks since boot, field 22 of `/proc/PID/stat` (proc(5)).
    let startTime: UInt64
    let bootID: String

    init?(of pid: Int32) {
        guard let stat = ProcessStatus(of: pid), stat.state != "Z", stat.state != "X" else { return nil }
        self.pid = pid
        startTime = stat.startTime
        bootID = Self.currentBootID
    }

    /// A handle on this very process; `nil` when it is gone.
    func open() -> Descriptor? {
        guard bootID == Self.currentBootID, let handle = try? Descriptor.process(pid) else { return nil }
        // The handle first, then the comparison: the number cannot change hands in between.
        return Self(of: pid) == self ? handle : nil
    }

    var isRunning: Bool { open() != nil }

    private static let currentBootID =
        (ProcFile.text("/proc/sys/kernel/random/boot_id") ?? "")
        .split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
}

/// What `/proc/PID/stat` says.
struct ProcessStatus: Sendable {
    let state: Character
    let parent: Int32
    let session: Int32
    let startTime: UInt64

    init?(of pid: Int32) {
        guard let text = ProcFile.text("/proc/\(pid)/stat") else { return nil }
        self.init(parsing: text)
    }

    /// The program's name may hold spaces and parentheses, so fields count from the last parenthesis.
    init?(parsing text: String) {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
            let session = Int32(fields[3]), let startTime = UInt64(fields[19])
        else { return nil }
        self.state = state
        self.parent = parent
        self.session = session
        self.startTime = startTime
    }
}

/// Small files of the proc file system, whose size cannot be asked.
enum ProcFile {
    static func text(_ path: String) -> String? {
        guard let file = try? Descriptor.open(path, O_RDONLY) else { return nil }
        var bytes: [UInt8] = []
        while let part = try? file.read(), !part.isEmpty { bytes += part }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws(SystemError) {
        let file = try Descriptor.open(path, O_WRONLY)
        try file.write(Array(text.utf8))
    }
}
