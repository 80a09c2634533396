#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// New files and folders by their size: what a patch that would be too big leaves out first.
struct LargeAdditions: Sendable {
    /// A new file, or a folder that the base commit does not have, with all that is in it.
    struct Addition: Equatable {
        var path: String
        var bytes: Int
    }

    let git: Git
    let base: String

    /// Where a patch begins that does not hold everything.
    static let marker = "Left out for its size: "

    /// The first line of such a patch: `git apply` passes over it.
    static func note(_ paths: [String]) -> String {
        marker + paths.prefix(20).map { $0.replacing("\n", with: "?") }.joined(separator: ", ")
            + (paths.count > 20 ? " and \(paths.count - 20) more" : "")
    }

    /// All of them, the largest first.
    func all(_ environment: [String: String]) async throws -> [Addition] {
        let limit = 256 << 20
        let options = ["--cached", "--name-only", "-z", "--no-renames", "--diff-filter=A", "--no-ext-diff"]
        let added = try await git.run(["diff"] + options + [base, "--"], environment: environment, limit: limit)
        let folders = try await git.run(
            ["ls-tree", "-r", "-d", "-z", "--full-tree", "--name-only", base], limit: limit)
        let known = Set(Self.names(folders.output))
        var sizes: [String: Int] = [:]
        for path in Self.names(added.output) {
            sizes[Self.group(path, known), default: 0] += Self.size(git.workspace + "/" + path)
        }
        return sizes.map { Addition(path: $0.key, bytes: $0.value) }
            .sorted { ($1.bytes, $0.path) < ($0.bytes, $1.path) }
    }

    /// The topmost folder above a new file that the base does not have, or the file itself.
    static func group(_ path: String, _ known: Set<String>) -> String {
        var place = path.startIndex
        while let slash = path[place...].firstIndex(of: "/") {
            let folder = String(path[..<slash])
            if !known.contains(folder) { return folder }
            place = path.index(after: slash)
        }
        return path
    }

    private static func names(_ output: [UInt8]) -> [String] {
        output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
