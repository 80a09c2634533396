#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The text a repository has for its agents: words only, none of its settings.
struct RepositoryInstructions {
    /// Of several the first that are there; a repository with the first needs no other.
    private static let files = [["CLAUDE.md", ".claude/CLAUDE.md"], ["AGENTS.md"]]
    /// Longest text that is handed over, bytes; the rest is named as cut.
    static let limit = 64 * 1024

    let workspace: String

    /// Nil when there is none.
    var text: String? {
        for group in Self.files {
            let found = group.compactMap { name in content(name).map { "From \(name):\n\n\($0)" } }
            guard !found.isEmpty else { continue }
            return "The repository has these instructions for agents.\n\n" + found.joined(separator: "\n\n")
        }
        return nil
    }

    private func content(_ name: String) -> String? {
        guard let root = resolved(workspace), let path = resolved("\(workspace)/\(name)"), path.hasPrefix(root + "/")
        else { return nil }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: Self.limit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress?.advanced(by: count), $0.count - count) }
            guard got > 0 else { break }
            count += got
        }
        let text = String(decoding: bytes.prefix(min(count, Self.limit)), as: UTF8.self)
        guard text.contains(where: { !$0.isWhitespace }) else { return nil }
        return count > Self.limit ? "\(text)\n[cut; read \(name) for the rest]" : text
    }

    /// The path without symbolic links: one that leads out of the repository is none of its files.
    private func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
