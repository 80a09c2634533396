import Foundation

/// What the machine allows, and where our programs are.
enum Surroundings {
    /// Beside the test bundle, where the build puts them.
    static func program(_ name: String) -> String {
        let folder =
            ProcessInfo.processInfo.environment["ANYCODE_TEST_PROGRAMS"]
            ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        return name.hasPrefix("/") ? name : "\(folder)/\(name)"
    }

    /// Where `scripts/fetch-test-agents` puts agents.
    static var agents: String {
        if let named = ProcessInfo.processInfo.environment["ANYCODE_TEST_AGENTS"] { return named }
        let sources = URL(fileURLWithPath: #filePath)
        return sources.appendingPathComponent("../../../../.build/agents").standardizedFileURL.path
    }

    /// Found out once; the reason is in the log of skipped tests.
    static let allowSandboxes: Bool = {
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        probe.arguments = [
            "bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc",
            "true",
        ]
        probe.standardOutput = FileHandle.nullDevice
        probe.standardError = FileHandle.nullDevice
        guard (try? probe.run()) != nil else {
            skip("whole programs: bubblewrap is not installed")
            return false
        }
        probe.waitUntilExit()
        if probe.terminationStatus != 0 { skip("whole programs: bubblewrap cannot make sandboxes here") }
        return probe.terminationStatus == 0
    }()

    static func skip(_ why: String) {
        guard let path = ProcessInfo.processInfo.environment["ANYCODE_SKIP_LOG"], let file = fopen(path, "a") else {
            return
        }
        fputs("SKIPPED: \(why)\n", file)
        fclose(file)
    }
}
