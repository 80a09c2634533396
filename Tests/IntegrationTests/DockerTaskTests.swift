import AnycodeControl
import Foundation
import ScriptedModel
import Synchronization
import Testing

/// Whole tasks in containers of a real Docker Engine, by real agents.
@Suite struct DockerTaskTests {
    private static func agentao(_ model: ScriptedModel) -> String {
        """
        [agents]
        default_agent = "agentao"
        [agents.custom.agentao]
        command = ["/opt/agents/agentao/bin/python3", "-m", "agentao", "--acp", "--stdio"]
        [agents.custom.agentao.env]
        OPENAI_BASE_URL = "\(model.openAIBaseURL)"
        OPENAI_API_KEY = "sk-test"
        OPENAI_MODEL = "mock-model"
        """
    }

    private static func testAgent(_ model: ScriptedModel) -> String {
        """
        [agents]
        default_agent = "tester"
        [agents.custom.tester]
        command = ["/opt/agents/test-agent"]
        env = { OPENAI_BASE_URL = "\(model.openAIBaseURL)", OPENAI_API_KEY = "sk-test" }
        """
    }

    private func expectNothingLeft(_ ground: DockerGround, _ daemon: RunningProgram) async throws {
        #expect(try await ground.leftovers() == [])
        daemon.signal(SIGTERM)
        #expect(await daemon.end() == 0)
    }

    // MARK: Tasks

    @Test(arguments: [DockerGround.agents, DockerGround.plain])
    func anAgentAsksWritesAndItsContainerIsGone(_ image: String) async throws {
        try await DockerGround.withModel { ground, model in
            try ground.installation.configureDocker(image: image, agents: Self.agentao(model))
            let daemon = try ground.daemon()
            daemon.enter("/task make the file")
            let session = try await daemon.expect(#"agentao · `(\w{8})`"#)[0]
            try await daemon.expect("starting a sandbox")
            try await daemon.expect(saying: "I will create hello.txt now")
            try await daemon.expect("May it.*\\s+echo hello from the model > hello.txt")
            #expect(try await ground.containers(of: session).count == 1)
            try await daemon.press("Allow")
            try await daemon.expect(saying: "Done: hello.txt was created")
            let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
            #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("+hello from the model"))
            #expect(await daemon.says("completed, sandbox removed"))
            try await expectNothingLeft(ground, daemon)
        }
    }

    @Test(arguments: ["claude-code", "codex"])
    func officialProgramsAskAndWrite(_ agent: String) async throws {
        try await DockerGround.withModel { ground, model in
            let base = agent == "codex" ? model.openAIBaseURL : model.anthropicBaseURL
            let prefix = agent == "codex" ? "OPENAI" : "ANTHROPIC"
            let agents = """
                [agents]
                default_agent = "\(agent)"
                [agents.credentials.\(agent)]
                env = { \(prefix)_API_KEY = "sk-test", \(prefix)_BASE_URL = "\(base)", \(prefix)_MODEL = "mock-model" }
                """
            try ground.installation.configureDocker(image: DockerGround.agents, agents: agents)
            let daemon = try ground.daemon()
            daemon.enter("/task make the file")
            try await daemon.expect(saying: "I will create hello.txt now")
            try await daemon.expect("May it[\\s\\S]*echo hello from the model > hello.txt")
            try await daemon.press("Allow")
            try await daemon.expect(saying: "Done: hello.txt was created")
            let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
            #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("+hello from the model"))
            #expect(await daemon.says("completed, sandbox removed"))
            try await expectNothingLeft(ground, daemon)
        }
    }

    // MARK: What goes wrong

    /// A demo task that has written a file and waits for its next permission.
    private func begin(_ ground: DockerGround) async throws -> (daemon: RunningProgram, container: String) {
        let daemon = try ground.daemon()
        daemon.enter("/task make it friendlier")
        let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
        try await daemon.press("Brief")
        try await daemon.expect("May it. `Create README.md`")
        try await daemon.press("Allow once")
        try await daemon.expect("May it. `Create scripts/check-welcome.sh`")
        let container = try #require(try await ground.containers(of: session).first)
        return (daemon, container)
    }

    @Test func aKilledContainerIsToldAndItsWorkIsSaved() async throws {
        try await DockerGround.with { ground in
            try ground.installation.configureDocker(image: DockerGround.agents)
            let (daemon, container) = try await begin(ground)
            try await ground.docker("kill", container)
            try await daemon.expect("❌ Failed: the sandbox died: the sandbox was killed .* 1 file changed")
            let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
            #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("README.md"))
            #expect(await daemon.says("failed, sandbox removed"))
            try await expectNothingLeft(ground, daemon)
        }
    }

    @Test func wantOfMemoryIsToldAndTheWorkIsSaved() async throws {
        try await DockerGround.with { ground in
            let limits = "port_range_start = 0\nport_range_end = 0\nmemory_mb = 64"
            try ground.installation.configureDocker(image: DockerGround.agents, docker: limits)
            let (daemon, container) = try await begin(ground)
            // Shared memory counts and belongs to no process: the largest one, the runner, is killed for it.
            _ = try? await ground.docker(
                "exec", container, "dd", "if=/dev/zero", "of=/dev/shm/fill", "bs=1M", "count=63")
            try await daemon.expect("❌ Failed: the sandbox died: the sandbox ran out of memory .* 1 file changed")
            #expect(await daemon.says("failed, sandbox removed"))
            try await expectNothingLeft(ground, daemon)
        }
    }

    @Test func aFullRangeOfPortsIsToldWhileATaskWaitsAndWhenItGivesUp() async throws {
        try await DockerGround.with { ground in
            let port = try TakenPort()
            defer { port.release() }
            try ground.installation.configureDocker(
                image: DockerGround.agents,
                docker: "port_range_start = \(port.number)\nport_range_end = \(port.number)",
                session: "linger_seconds = 0\nprovisioning_seconds = 5")
            let daemon = try ground.daemon()
            daemon.enter("/task hello")
            let words = "no port is free from \(port.number) to \(port.number)"
            try await daemon.expect("waiting for a sandbox: \(words). Raise docker.port_range_end")
            try await daemon.expect("❌ Failed: the sandbox was not ready within 5 s: \(words)")
            #expect(await daemon.says("failed, sandbox removed"))
            port.release()
            daemon.enter("/task again")
            try await daemon.expect("Which greeting")
            daemon.enter("/cancel")
            try await daemon.expect("cancelled, sandbox removed")
            try await expectNothingLeft(ground, daemon)
        }
    }

    @Test func aMissingImageIsNamedWithTheCommandThatBuildsIt() async throws {
        try await DockerGround.with { ground in
            try ground.installation.configureDocker(image: "anycode-sandbox-missing:latest")
            let daemon = try ground.daemon()
            daemon.enter("/task hello")
            try await daemon.expect("❌ Failed: .*anycode-sandbox-missing:latest is missing and cannot be pulled")
            try await daemon.expect("docker build -f docker/Dockerfile.agent -t anycode-sandbox-missing:latest")
            try await expectNothingLeft(ground, daemon)
        }
    }

    // MARK: Many at once

    @Test func twentyTasksEndThoughTheDaemonIsKilledInTheMiddle() async throws {
        let count = 20
        let script = ModelScript(steps: [
            .init((0..<40).map { "word\($0)" }.joined(separator: " "), pace: .milliseconds(100))
        ])
        try await DockerGround.withModel([script]) { ground, model in
            try ground.installation.configureDocker(
                image: DockerGround.agents, agents: Self.testAgent(model),
                session: "linger_seconds = 0\nmax_concurrent = \(count)")
            var daemon = try ground.daemon()
            for number in 0..<count { daemon.enter("/task talk \(number)") }
            _ = try await model.waitForRequest { _ in true }
            try await daemon.expect("word3", within: .seconds(120))
            await daemon.killNow()
            daemon = try ground.daemon()
            let ended = try await ground.whenAllEnd(count)
            #expect(ended == Array(repeating: "completed", count: count))
            let journal = ground.installation.path + "/anycode-data/console/console.jsonl"
            let told = try ConsoleJournal.messages(at: journal).filter { $0.markdown.contains("word39") }
            #expect(told.count == count)
            try await expectNothingLeft(ground, daemon)
        }
    }
}

/// A port of loopback on which something listens already.
private final class TakenPort: Sendable {
    let number: Int
    private let descriptor: Mutex<Int32>

    init() throws {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(handle, $0, length) + listen(handle, 1) + getsockname(handle, $0, &length)
            }
        }
        guard result == 0 else { throw POSIXError(.EADDRINUSE) }
        number = Int(UInt16(bigEndian: address.sin_port))
        descriptor = Mutex(handle)
    }

    /// Harmless when repeated.
    func release() {
        descriptor.withLock { handle in
            if handle >= 0 { close(handle) }
            handle = -1
        }
    }
}
