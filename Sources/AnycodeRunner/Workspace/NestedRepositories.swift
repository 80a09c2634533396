/// Repositories that the agent made or cloned inside the workspace.
///
/// Git would record them as links to commits that exist nowhere else; their files are wanted instead.
struct NestedRepositories: Sendable {
    /// Deeper nesting is left out, and said so by git's status only.
    static let maximumDepth = 4
    static let maximumCount = 64

    let git: Git

    /// Folders, relative to the workspace and ended by a slash, that the index in `environment` does not know.
    func folders(_ environment: [String: String]) async throws -> [String] {
        let listed = try await git.run(["ls-files", "-z", "--others", "--exclude-standard"], environment: environment)
        return Array(Self.paths(listed.output).filter { $0.hasSuffix("/") }.prefix(Self.maximumCount))
    }

    /// Puts the files of these folders into the index, as if they were the workspace's own.
    func add(_ folders: [String], environment: [String: String]) async throws {
        var files: [String] = []
        for folder in folders { files += try await self.files(in: folder, depth: 1) }
        guard !files.isEmpty else { return }
        let list = try git.temporaryFile()
        try list.write(files.flatMap { Array($0.utf8) + [0] }, at: 0)
        _ = try await git.run(
            ["update-index", "-z", "--add", "--remove", "--stdin"], environment: environment, input: list)
    }

    private func files(in folder: String, depth: Int) async throws -> [String] {
        let listed = try await git.run(
            ["-C", folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        var files: [String] = []
        for path in Self.paths(listed.output) {
            guard path.hasSuffix("/") else {
                files.append(folder + path)
                continue
            }
            if depth < Self.maximumDepth { files += try await self.files(in: folder + path, depth: depth + 1) }
        }
        return files
    }

    private static func paths(_ output: [UInt8]) -> [String] {
        output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
