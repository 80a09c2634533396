#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The files in which a driven agent keeps one conversation, packed so that another sandbox can go on with it.
///
/// Packed form: a first line, then for each file a line `<bytes> <name>` and its bytes. Where the programs keep their
/// conversations was seen in Claude Code 2.1.330 (`projects/<folder>/<session>.jsonl`, and a folder of the same name)
/// and Codex 0.163.0 (`sessions/…/rollout-<time>-<thread>.jsonl`).
struct AgentState: Sendable {
    static let firstLine = "anycode-agent-state 1\n"
    /// Largest packed conversation, bytes.
    static let limit = 64 << 20

    let agent: NativeAgent
    /// Folder of the program's own files.
    let folder: String
    let workspace: String
    let session: String

    init(_ agent: NativeAgent, environment: [String: String], workspace: String, session: String) throws(RunnerError) {
        // The id becomes part of a path.
        guard !session.isEmpty, session.utf8.count <= 64,
            session.utf8.allSatisfy({ hexValue($0) != nil || $0 == UInt8(ascii: "-") })
        else { throw RunnerError(.invalid, "“\(session)” is no id of a conversation.") }
        guard let folder = agent.folder(environment), folder.hasPrefix("/") else {
            throw RunnerError(.notFound, "The agent has no home.")
        }
        self.agent = agent
        self.folder = folder
        self.workspace = workspace
        self.session = session
    }

    /// Packs the conversation into a file without a name; nil when there is none.
    func pack(into output: OpenFile) throws(RunnerError) -> Int? {
        var size = 0
        func write(_ bytes: [UInt8]) throws(RunnerError) {
            guard size + bytes.count <= Self.limit else {
                throw RunnerError(.tooLarge, "The agent's conversation has more than \(Self.limit >> 20) MB.")
            }
            try output.write(bytes, at: size)
            size += bytes.count
        }
        let files = files
        guard !files.isEmpty else { return nil }
        try write(Array(Self.firstLine.utf8))
        for (name, path) in files {
            guard let content = Self.content(path) else { continue }
            try write(Array("\(content.count) \(name)\n".utf8))
            try write(content)
        }
        return size
    }

    /// Puts a packed conversation where the program looks for it.
    func unpack(_ input: OpenFile) throws(RunnerError) {
        let size = input.size
        var offset = Self.firstLine.utf8.count
        guard try input.read(at: 0, count: offset) == Array(Self.firstLine.utf8) else { throw Self.damaged }
        while offset < size {
            let line = try input.read(at: offset, count: 1024).prefix { $0 != 0x0A }
            let parts = line.split(separator: 0x20, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
            guard parts.count == 2, let count = Int(parts[0]), count >= 0, offset + line.count + 1 + count <= size,
                isOwn(parts[1])
            else { throw Self.damaged }
            offset += line.count + 1
            let path = "\(root)/\(parts[1])"
            try makeDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
            try replaceFile(path, with: try input.read(at: offset, count: count))
            offset += count
        }
    }

    private static let damaged = RunnerError(.invalid, "That is no packed conversation of this agent.")

    /// Claude Code has a folder for each workspace, named after its path.
    private var root: String {
        switch agent {
        case .codex: return folder
        case .claudeCode:
            let letters = Self.realPath(workspace).utf8.map { byte -> Character in
                let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                return isPlain ? Character(Unicode.Scalar(byte)) : "-"
            }
            return "\(folder)/projects/\(String(letters))"
        }
    }

    /// Whether a packed file belongs to this conversation, so that nothing else is overwritten.
    private func isOwn(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") }) else { return false }
        switch agent {
        case .claudeCode: return name == "\(session).jsonl" || name.hasPrefix("\(session)/")
        case .codex: return parts[0] == "sessions" && (parts.last?.contains(session) ?? false)
        }
    }

    /// Names below `root` with their paths.
    private var files: [(name: String, path: String)] {
        var found: [(name: String, path: String)] = []
        var folders = [agent == .codex ? "sessions" : ""]
        while let next = folders.popLast() {
            for entry in directoryNames("\(root)/\(next)") {
                let name = next.isEmpty ? entry : "\(next)/\(entry)"
                let path = "\(root)/\(name)"
                if Self.isFolder(path) {
                    if agent == .codex || name.hasPrefix(session) { folders.append(name) }
                } else if isOwn(name) {
                    found.append((name, path))
                }
            }
        }
        return found.sorted { $0.name < $1.name }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func realPath(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// Of a log of lines the whole ones: the program may have been killed while it wrote the last.
    private static func content(_ path: String) -> [UInt8]? {
        guard let file = try? OpenFile.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else { return nil }
        var status = stat()
        guard fstat(file.descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) <= limit,
            var bytes = try? file.read(at: 0, count: Int(status.st_size))
        else { return nil }
        if path.hasSuffix(".jsonl") { bytes.removeLast(bytes.count - ((bytes.lastIndex(of: 0x0A) ?? -1) + 1)) }
        return bytes
    }
}
