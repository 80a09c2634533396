#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a server's Unix socket stands: makes room for it, and takes it away again.
///
/// The socket is bound under a name of its own, gets its mode there, and then moves to its place; so nobody ever finds
/// it with another mode.
struct SocketPlace: Sendable {
    /// Identity of a file, to take away only what one put there.
    struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t
    }

    let path: String

    /// Where to bind.
    var bindingPath: String { path + ".new" }

    /// Makes the directory, and removes the socket of a daemon that is gone. Refuses to replace anything else.
    func clear() throws(ServerError) {
        guard bindingPath.utf8.count <= 103 else {
            throw ServerError(
                .badSocketPath, "The control socket's path is too long: \(path)",
                hint: "set control.socket to one of at most 99 bytes")
        }
        try makeDirectory()
        try clear(path)
        try clear(bindingPath)
    }

    /// Gives the bound socket its mode and moves it to its place.
    func publish() throws(ServerError) -> Identity {
        guard chmod(bindingPath, 0o600) == 0, let identity = Self.identity(bindingPath),
            rename(bindingPath, path) == 0
        else { throw .system("The control socket cannot be put at \(path)", errno) }
        return identity
    }

    /// Removes the socket if it is still the one that was published.
    func remove(_ identity: Identity) {
        if Self.identity(path) == identity { unlink(path) }
    }

    private func makeDirectory() throws(ServerError) {
        let directory = Self.parent(of: path)
        var status = stat()
        if stat(directory, &status) != 0 {
            try Self.makeDirectories(directory)
            guard stat(directory, &status) == 0 else { throw .system("There is no directory \(directory)", errno) }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ServerError(.badSocketPath, "\(directory) is not a directory.", hint: "set control.socket elsewhere")
        }
        // Where others may write without the sticky bit, they could put a socket of theirs in this one's place.
        if status.st_mode & 0o022 != 0 && status.st_mode & S_ISVTX == 0 {
            throw ServerError(
                .unsafeDirectory, "Others may write to \(directory), the control socket's directory.",
                hint: "chmod 700 \(directory)")
        }
    }

    private func clear(_ path: String) throws(ServerError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .system("The control socket's place \(path) cannot be seen", errno)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ServerError(
                .notASocket, "\(path) is there and is not a socket; it is left alone.",
                hint: "move it away, or set control.socket elsewhere")
        }
        switch SocketProbe.ask(path) {
        case .live(let pid):
            throw ServerError(
                .alreadyRunning,
                "Another daemon\(pid.map { " (process \($0))" } ?? "") listens at the control socket \(path).",
                hint: "stop it first, or set control.socket elsewhere")
        case .stale: unlink(path)
        case .unknown(let code): throw .system("The control socket at \(path) cannot be tried", code)
        }
    }

    /// Creates missing directories, the last one and those above it for this user alone.
    private static func makeDirectories(_ path: String) throws(ServerError) {
        if path.isEmpty || mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw .system("The directory \(path) cannot be made", errno) }
        try makeDirectories(parent(of: path))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw .system("The directory \(path) cannot be made", errno)
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func identity(_ path: String) -> Identity? {
        var status = stat()
        return lstat(path, &status) == 0 ? Identity(device: status.st_dev, inode: status.st_ino) : nil
    }
}
