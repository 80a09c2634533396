import AnycodeControl
import Foundation
import Testing

/// The operator's verbs and the service manager, on the whole daemon.
@Suite struct OperatorTests {
    @Test func restartedSessionGoesOnAndItsLogTellsAll() async throws {
        try await Installation.with { installation in
            try installation.configure()
            let daemon = try installation.daemon()
            daemon.enter("/task make it friendlier")
            let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
            try await daemon.expect("Which greeting")
            #expect(try await installation.run("anycodectl", "restart", "sessions/\(session)").code == 0)
            #expect(try await installation.run("anycodectl", "restart", "sessions/ffff").code == 4)
            try await daemon.press("Brief")
            try await daemon.expect("May it. `Create README.md`")
            try await daemon.press("Allow once")
            try await daemon.expect("May it. `Create scripts/check-welcome.sh`")
            try await daemon.press("Always allow")
            try await daemon.expect("May it. `sh scripts/check-welcome.sh`")
            try await daemon.press("Allow once")
            #expect(await daemon.says("completed, sandbox removed"))
            let log = try await installation.run("anycodectl", "logs", "--follow", session)
            #expect(log.code == 0)
            for words in ["make it friendlier", "? Which greeting", "= ", "— session completed"] {
                #expect(log.output.contains(words), "\(log.output)")
            }
            let events = try await installation.run("anycodectl", "events")
            #expect(events.output.contains("sessions/\(session)  started, incarnation 2"), "\(events.output)")
        }
    }

    @Test func drainEndsSessionsAndLeavesNothing() async throws {
        try await Installation.with { installation in
            try installation.configure()
            let daemon = try installation.daemon()
            daemon.enter("/task slow make it friendlier")
            let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
            try await daemon.expect("I will")
            let before = try await installation.run("anycodectl", "orphans")
            #expect(before.output.contains("anycodectl cancel \(session)"), "\(before.output)")
            let drained = try await installation.run("anycodectl", "drain", "--within", "40")
            #expect(drained.code == 0, "\(drained.output)\(drained.errors)")
            #expect(drained.output.contains("Nothing is left."))
            daemon.enter("/task greet warm")
            #expect(await daemon.says("takes no new tasks now"))
            #expect(try await installation.run("anycodectl", "drain", "--undo").code == 0)
            #expect(try await installation.run("anycodectl", "orphans").output == "No resources.\n")
        }
    }

    @Test func backupIsMadeWhileTheDaemonRuns() async throws {
        try await Installation.with { installation in
            try installation.configure()
            let daemon = try installation.daemon()
            try await installation.isReady()
            let (configuration, copy) = (installation.configuration, installation.path + "/copy.db")
            let made = try await installation.run("anycode", "backup", "--config", configuration, copy)
            #expect(made.code == 0, "\(made.errors)")
            #expect(try await installation.run("anycode", "backup", "--config", configuration, copy).code == 1)
            let doctor = try await installation.run("anycode", "doctor", "--config", configuration)
            #expect(doctor.output.contains("process \(daemon.pid)"), "\(doctor.output)")
        }
    }

    @Test func completionsAreWritten() async throws {
        try await Installation.with { installation in
            for shell in ["bash", "zsh", "fish"] {
                let script = try await installation.run("anycodectl", "--generate-completion-script", shell)
                #expect(script.code == 0 && script.output.contains("orphans"), "\(shell): \(script.errors)")
            }
        }
    }

    @Test func theServiceManagerIsTold() async throws {
        try await Installation.with { installation in
            try installation.configure()
            let manager = try ServiceManager(at: installation.path + "/notify")
            let daemon = try installation.daemon(with: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"])
            var (isReady, signs) = (false, 0)
            while !isReady || signs < 3 {
                let message = try manager.next()
                if message == "READY=1" { isReady = true }
                if message.hasPrefix("WATCHDOG=1") { signs += 1 }
            }
            daemon.signal(SIGTERM)
            var message = try manager.next()
            while message.hasPrefix("WATCHDOG=1") { message = try manager.next() }
            #expect(message.hasPrefix("STOPPING=1"))
            #expect(await daemon.end() == 0)
        }
    }
}

/// Hears what sd_notify(3) sends.
private final class ServiceManager: Sendable {
    let path: String
    private let descriptor: Int32

    init(at path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard result == 0 else { throw POSIXError(.EADDRINUSE) }
    }

    deinit { close(descriptor) }

    func next() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw POSIXError(.ETIMEDOUT) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
