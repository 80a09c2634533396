#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a file is written: its folder, open, and its name there.
///
/// Below the workspace no link is followed: a repository may have put one anywhere, and what people send would land where
/// it leads.
struct FilePlace {
    let folder: OpenFile
    let name: String

    /// Makes the folders that are missing.
    init(_ path: String, below workspace: String?, mode: UInt32) throws(RunnerError) {
        var parts = path.split(separator: "/").map(String.init)
        guard let name = parts.popLast(), name != ".", name != ".." else {
            throw RunnerError(.invalid, "\(path) is no name of a file.")
        }
        self.name = name
        if let workspace {
            folder = try Self.folder(parts, below: workspace, mode: mode)
        } else {
            let parent = "/" + parts.joined(separator: "/")
            try makeDirectory(parent, mode: mode)
            folder = try OpenFile.open(parent, O_RDONLY | O_DIRECTORY)
        }
    }

    private static func folder(_ parts: [String], below workspace: String, mode: UInt32) throws(RunnerError) -> OpenFile
    {
        guard !parts.contains("..") else { throw RunnerError(.invalid, "The path leads out of the workspace.") }
        try makeDirectory(workspace, mode: mode)
        var folder = try OpenFile.open(workspace, O_RDONLY | O_DIRECTORY)
        for part in parts where part != "." {
            if mkdirat(folder.descriptor, part, mode_t(mode)) != 0, errno != EEXIST {
                throw .storage("create", part)
            }
            guard Self.mode(of: part, in: folder).map({ $0 & S_IFMT }) == S_IFDIR else {
                throw RunnerError(
                    .invalid, "“\(part)” in the workspace is a link or a file where a folder is needed.",
                    hint: "Nothing is written through links of the workspace.")
            }
            // A link that has just come in its place is not followed either.
            folder = try folder.open(part, O_RDONLY | O_DIRECTORY)
        }
        return folder
    }

    /// Kind and rights of what stands there now; nil for nothing.
    var mode: mode_t? { Self.mode(of: name, in: folder) }

    private static func mode(of name: String, in folder: OpenFile) -> mode_t? {
        var status = stat()
        return fstatat(folder.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_mode : nil
    }
}
