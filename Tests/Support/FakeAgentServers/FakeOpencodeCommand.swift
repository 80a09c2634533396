import Foundation

/// `opencode serve --hostname H --port P`: prints where it listens, as the real one does.
package enum FakeOpencodeCommand {
    package static func run(_ arguments: [String]) -> Never {
        let environment = ProcessInfo.processInfo.environment
        guard arguments.first == "serve", arguments.contains("--hostname"), arguments.contains("--port") else {
            FileHandle.standardError.write(Data("fake opencode: serve --hostname H --port P\n".utf8))
            exit(2)
        }
        guard environment["OPENCODE_DISABLE_PROJECT_CONFIG"] == "1" else {
            FileHandle.standardError.write(Data("fake opencode: the repository would be trusted\n".utf8))
            exit(4)
        }
        let release = environment["FAKE_OPENCODE_VERSION"].flatMap { FakeOpencode.Release(rawValue: $0) } ?? .current
        guard
            let server = try? FakeOpencode(
                release: release, password: environment["OPENCODE_SERVER_PASSWORD"], home: "/",
                base: environment["FAKE_OPENCODE_BASE"] ?? "")
        else { exit(1) }
        let line = "opencode server listening on http://127.0.0.1:\(server.port)\n"
        FileHandle.standardOutput.write(Data(line.utf8))
        while true { sleep(1000) }
    }
}
