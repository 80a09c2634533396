import AnycodeCore
import Foundation
import Testing

@testable import AnycodeRuntime

struct GitHubAccessTests {
    /// What git would use for an address, asked of git itself.
    private func credential(for url: String, _ variables: [String: Secret]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "credential", "fill"]
        var environment = variables.mapValues { $0.reveal() }
        environment["PATH"] = "/usr/bin:/bin"
        environment["HOME"] = "/nonexistent"
        environment["GIT_TERMINAL_PROMPT"] = "0"
        environment["GIT_CONFIG_NOSYSTEM"] = "1"
        process.environment = environment
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data("url=\(url)\n\n".utf8))
        try input.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    @Test func gitOfAnAgentHasTheTokenForItsHostAlone() throws {
        let variables = GitHubAccess.environment(Secret("ghp_secret"), host: "github.com")
        let own = try credential(for: "https://github.com/org/repo", variables)
        #expect(own.contains("username=x-access-token\npassword=ghp_secret\n"))
        #expect(!(try credential(for: "https://evil.example/org/repo", variables)).contains("ghp_secret"))
        #expect(!(try credential(for: "http://github.com/org/repo", variables)).contains("ghp_secret"))
        #expect(variables["GH_HOST"] == nil)
    }

    @Test func anEnterpriseHostIsToldToGh() throws {
        let variables = GitHubAccess.environment(Secret("ghp_secret"), host: "git.example.org")
        #expect(variables["GH_HOST"]?.reveal() == "git.example.org")
        #expect(variables["GH_ENTERPRISE_TOKEN"]?.reveal() == "ghp_secret")
        #expect(try credential(for: "https://git.example.org/o/r", variables).contains("ghp_secret"))
    }
}
