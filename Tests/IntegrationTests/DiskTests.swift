import AnycodeControl
import Foundation
import GRDB
import Testing

/// A disk that fills up and a database that another program holds: waited out by the real daemon, and said.
@Suite struct DiskTests {
    @Test func aFullDiskIsWaitedOutAndSaid() async throws {
        try await Installation.with { installation in
            try installation.configure(session: "linger_seconds = 900")
            let disk = try SmallDisk(at: installation.path + "/disk", megabytes: 4)
            let daemon = try installation.daemon(databaseOn: disk)
            guard disk.isMounted(for: daemon) else { return }
            try await installation.isReady()
            daemon.enter("/task slow make it friendlier")
            let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
            try await daemon.expect("I will")
            try disk.fill(of: daemon)
            // Whatever the agent has said by now: this is to be stored.
            daemon.enter("/status")
            var tree = try await installation.tree(saying: "disk full")
            #expect(tree.contains("disk full: nothing is stored until there is space"), "\(tree)")
            let refused = try await installation.run("anycodectl", "cancel", session)
            #expect(refused.code == 1 && refused.errors.contains("the disk is full"), "\(refused.errors)")
            #expect(daemon.isRunning)

            try disk.clear(of: daemon)
            try await daemon.expect("Which greeting")
            // The chat may be told before the store's next look finds that it is well again.
            tree = try await installation.tree(saying: "disk full for ")
            #expect(tree.contains("disk full for ") && !tree.contains("restarted"), "\(tree)")
            #expect(daemon.errors.text.contains("nothing can be stored"))
            #expect(daemon.errors.text.contains("everything can be stored again"))
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
        }
    }

    @Test func aLockedDatabaseIsWaitedForAndSaid() async throws {
        try await Installation.with { installation in
            try installation.configure(session: "linger_seconds = 900")
            let daemon = try installation.daemon()
            daemon.enter("/task greet warm")
            try await daemon.expect("May it. `Create README.md`")
            var configuration = GRDB.Configuration()
            configuration.allowsUnsafeTransactions = true
            configuration.busyMode = .timeout(20)
            let other = try DatabaseQueue(path: installation.path + "/anycode.db", configuration: configuration)
            try other.run("BEGIN EXCLUSIVE")
            try await daemon.press("Allow once")
            var tree = try await installation.tree(saying: "database locked")
            #expect(tree.contains("database locked by another program"), "\(tree)")
            let doctor = try await installation.run("anycodectl", "doctor")
            #expect(doctor.code == 5 && doctor.output.contains("The database is held by another program"))
            try other.run("COMMIT")
            try await daemon.expect("May it. `Create scripts/check-welcome.sh`")
            tree = try await installation.run("anycodectl", "tree").output
            #expect(tree.contains("database locked for ") && !tree.contains("restarted"), "\(tree)")
        }
    }
}

extension DatabaseQueue {
    fileprivate func run(_ sql: String) throws { try writeWithoutTransaction { try $0.execute(sql: sql) } }
}

/// A file system of a few megabytes, seen only by the program that is started in it: mounting needs no rights then.
struct SmallDisk {
    let path: String
    let megabytes: Int

    init(at path: String, megabytes: Int) throws {
        self.path = path
        self.megabytes = megabytes
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// A command that runs what follows it with the disk mounted.
    var wrapper: [String] {
        let script = "mount -t tmpfs -o size=\(megabytes)m,mode=0711 none '\(path)' && exec \"$0\" \"$@\""
        let rights = geteuid() == 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"]
        return ["/usr/bin/unshare"] + rights + ["--propagation", "private", "/bin/sh", "-c", script]
    }

    /// The disk as seen from outside: through the program's own view of the files.
    private func place(_ program: RunningProgram) -> String { "/proc/\(program.pid)/root\(path)" }

    /// Whether the program has it; where it cannot be mounted the test is skipped.
    func isMounted(for program: RunningProgram) -> Bool {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end, program.isRunning {
            if FileManager.default.fileExists(atPath: place(program) + "/anycode.db") { return true }
        }
        Surroundings.skip("a full disk: a small file system cannot be mounted here")
        return false
    }

    /// Leaves no block free.
    func fill(of program: RunningProgram) throws {
        let descriptor = open(place(program) + "/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.EACCES) }
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
    }

    func clear(of program: RunningProgram) throws {
        try FileManager.default.removeItem(atPath: place(program) + "/filler")
    }
}
