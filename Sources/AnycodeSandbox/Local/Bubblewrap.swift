import AnycodeCore
import Glibc

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The command line that shuts a program in.
struct Bubblewrap: Sendable {
    let program: String
    let setpriv: String
    let directory: LeaseDirectory
    let user: SandboxUser
    let network: LocalSandboxProvider.Network
    /// The runner's directory on this machine.
    var programs: String
    let readOnlyPaths: [String]
    let localRepository: String?

    /// The child's descriptors: 3 tells the inner PID, 4 holds it until released, 5 waits for the user map.
    static let infoNumber = 3
    static let blockNumber = 4
    static let mapNumber = 5

    func arguments(running command: [String]) -> [String] {
        [program] + namespaces + files + environment + ["--"] + dropping + command
    }

    /// Lines for `/proc/PID/uid_map` and `gid_map`; `nil` when bubblewrap writes them itself.
    var identityMap: String? {
        user.owner.map { "0 0 1\n\(SandboxUser.innerID) \($0) 1\n" }
    }

    private var namespaces: [String] {
        var flags = [
            "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            "--hostname", "sandbox", "--new-session", "--info-fd", "\(Self.infoNumber)", "--block-fd",
            "\(Self.blockNumber)", "--cap-drop", "ALL",
        ]
        if network != .host { flags.append("--unshare-net") }
        switch user {
        case .caller:
            flags += ["--uid", "\(SandboxUser.innerID)", "--gid", "\(SandboxUser.innerID)"]
        case .own:
            // Set up as root of the namespace, for root's files are its own; `dropping` then leaves that for good.
            flags += ["--uid", "0", "--gid", "0", "--userns-block-fd", "\(Self.mapNumber)"]
            flags += ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"].flatMap { ["--cap-add", $0] }
        }
        return flags
    }

    private var dropping: [String] {
        guard case .own = user else { return [] }
        return [
            setpriv, "--reuid", "\(SandboxUser.innerID)", "--regid", "\(SandboxUser.innerID)", "--clear-groups",
            "--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--",
        ]
    }

    private var files: [String] {
        var flags: [String] = []
        for path in SandboxLayout.system { flags += Self.mirror(path) }
        flags += ["--dir", "/etc"]
        for name in SandboxLayout.etc { flags += ["--ro-bind-try", "/etc/\(name)", "/etc/\(name)"] }
        for name in syntheticNames { flags += ["--ro-bind", "\(directory.etc)/\(name)", "/etc/\(name)"] }
        flags += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"]
        flags += ["--perms", "1777", "--tmpfs", "/tmp", "--dir", "/var", "--perms", "1777", "--tmpfs", "/var/tmp"]
        for path in readOnlyPaths { flags += Self.place("--ro-bind", path, path) }
        if let localRepository { flags += Self.place("--ro-bind", localRepository, localRepository) }
        flags += Self.place("--bind", directory.home, SandboxLayout.home)
        flags += Self.place("--bind", directory.workspace, SandboxLayout.workspace)
        flags += Self.place("--ro-bind", programs, SandboxLayout.programs)
        flags += Self.place("--bind", directory.state, SandboxLayout.state)
        flags += Self.place("--bind", directory.run, SandboxLayout.socketDirectory)
        // Without this the sandbox's own root directory would be writable for the one who set it up.
        flags += ["--remount-ro", "/", "--chdir", SandboxLayout.workspace]
        return flags
    }

    private var syntheticNames: [String] {
        ["passwd", "group", "hosts", "hostname", "shells", "resolv.conf"]
            + (localRepository == nil ? [] : ["gitconfig"])
    }

    private var environment: [String] {
        ["--clearenv"] + SandboxLayout.environment.flatMap { ["--setenv", $0.name, $0.value] }
    }

    /// A bind with the directories above it, which bubblewrap alone would make for its own user only.
    private static func place(_ kind: String, _ source: String, _ destination: String) -> [String] {
        var above: [String] = []
        var path = ""
        for part in destination.split(separator: "/").dropLast() {
            path += "/\(part)"
            above += ["--dir", path]
        }
        return above + [kind, source, destination]
    }

    /// A link stays a link (merged `/usr`), a directory is bound, what is missing is left out.
    private static func mirror(_ path: String) -> [String] {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        guard status.st_mode & S_IFMT == S_IFLNK else { return ["--ro-bind", path, path] }
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return [] }
        return ["--symlink", target, path]
    }
}
