import Foundation
import Testing

/// `anycode doctor` about the programs before the agents.
@Suite struct DoctorTests {
    /// What it says about the agent `opencode`, and its exit code.
    private func finding(_ installation: Installation) async throws -> (line: String, code: Int32?) {
        let doctor = try await installation.run("anycode", "doctor", "--config", installation.configuration)
        let line = doctor.output.split(separator: "\n").first { $0.contains("opencode") }
        return (line.map(String.init) ?? doctor.output + doctor.errors, doctor.code)
    }

    private func agent(path: String) -> String {
        """
        [agents]
        default_agent = "opencode"
        [agents.credentials.opencode]
        env = { PATH = "\(path):/usr/bin" }
        """
    }

    @Test func aProgramThatSandboxesFindIsFine() async throws {
        try await Installation.with { installation in
            try installation.configureServer("opencode", agent: "opencode", sandbox: "protocol = \"opencode\"")
            let (line, code) = try await finding(installation)
            #expect(line.hasPrefix("✓ opencode") && line.hasSuffix("/programs/opencode"), "\(line)")
            #expect(code == 0)
        }
    }

    @Test func aProgramThatIsMissingIsNamedWithThePlaces() async throws {
        try await Installation.with { installation in
            try installation.configure(
                agents: agent(path: "/nowhere"), sandbox: "protocol = \"opencode\"")
            let (line, code) = try await finding(installation)
            #expect(line.contains("opencode is in none of /nowhere, /usr/bin"), "\(line)")
            #expect(code == 1)
        }
    }

    /// It is on this machine, where no sandbox sees it: in a folder of its own, or behind a link to one.
    @Test(arguments: [false, true]) func aProgramThatSandboxesDoNotHaveIsTold(_ isLink: Bool) async throws {
        try await Installation.with { installation in
            let program = try installation.install(program: "fake-agent-servers", as: "opencode")
            let folder = installation.path + "/links"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: folder + "/opencode", withDestinationPath: program)
            try installation.configure(
                agents: agent(path: isLink ? folder : installation.path + "/programs"),
                readOnlyPaths: isLink ? [folder] : [], sandbox: "protocol = \"opencode\"")
            let (line, code) = try await finding(installation)
            #expect(line.contains("is not in the sandbox; add its folder to sandbox.local.read_only_paths"), "\(line)")
            #expect(line.contains("a link to") == isLink)
            #expect(code == 1)
        }
    }
}
