import AnycodeCore
import Glibc

/// A lease's directory: ours at the top, the sandbox's own below.
///
/// What the daemon reads and writes lies beside the four shared directories, out of the sandbox's reach, so that
/// no link placed by an agent can lead the daemon elsewhere.
struct LeaseDirectory: Hashable, Sendable {
    let lease: LeaseID
    let path: String

    /// - Throws: when the id is not usable as a name.
    init(_ lease: LeaseID, base: String) throws(SandboxError) {
        let name = lease.rawValue
        let allowed = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x2D || byte == 0x5F
        }
        guard allowed, !name.isEmpty, name.utf8.count <= 64 else {
            throw SandboxError(.failed, "the lease id is not usable as a directory's name")
        }
        self.lease = lease
        path = "\(base)/\(name)"
        guard socket.utf8.count <= Self.longestSocketPath else {
            throw SandboxError(
                .misconfigured, "the sandbox directory \(base) has too long a path for a socket in it",
                hint: "Choose one of at most \(Self.longestSocketPath - 6 - name.utf8.count) characters.")
        }
    }

    /// `sun_path` of unix(7), less the closing zero.
    private static let longestSocketPath = 107

    var recordName: String { "lease.json" }
    var record: String { "\(path)/\(recordName)" }
    /// Where the daemon connects: a second name of the runner's socket, which the sandbox cannot replace.
    var socket: String { "\(path)/sock" }
    var log: String { "\(path)/runner.log" }
    /// Files of `/etc` made for the sandbox.
    var etc: String { "\(path)/etc" }

    var workspace: String { "\(path)/workspace" }
    var home: String { "\(path)/home" }
    var state: String { "\(path)/state" }
    var run: String { "\(path)/run" }
    /// The runner's own name of its socket.
    var innerSocket: String { "\(run)/\(Self.socketName)" }
    static let socketName = "runner.sock"

    var exists: Bool { access(path, F_OK) == 0 }

    /// Makes the lease's directory itself, with nothing in it.
    func create(base: String) throws(SandboxError) {
        do throws(SystemError) {
            try Self.makeBase(base)
            try Self.makeDirectory(path, mode: 0o700)
        } catch {
            throw SandboxError(error, doing: "making the sandbox's directory")
        }
    }

    /// Makes what is inside; the shared directories belong to `owner`, where one is given.
    ///
    /// Their modes let root without its privileges in (bubblewrap, while it sets up); the directory above keeps
    /// everyone else out.
    func fill(owner: UInt32?) throws(SandboxError) {
        do throws(SystemError) {
            try Self.makeDirectory(etc, mode: 0o755)
            for shared in [workspace, home, state, run] {
                try Self.makeDirectory(shared, mode: 0o755)
                if let owner, lchown(shared, owner, owner) != 0 { throw SystemError("chown") }
            }
            _ = unlink(socket)
            _ = unlink(innerSocket)
        } catch {
            throw SandboxError(error, doing: "making the sandbox's directory")
        }
    }

    private static func makeDirectory(_ path: String, mode: mode_t) throws(SystemError) {
        if mkdir(path, mode) == 0 {
            // The umask must not decide.
            guard chmod(path, mode) == 0 else { throw SystemError("chmod \(path)") }
            return
        }
        let failure = SystemError("mkdir \(path)")
        var status = stat()
        guard failure.number == EEXIST, lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw failure
        }
    }

    private static func makeBase(_ base: String) throws(SystemError) {
        var built = ""
        for part in base.split(separator: "/") {
            built += "/\(part)"
            if mkdir(built, built == base ? 0o711 : 0o755) != 0, errno != EEXIST, errno != EISDIR, errno != EROFS {
                throw SystemError("mkdir \(built)")
            }
        }
    }
}
