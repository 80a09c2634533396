#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How the program `claude` is started.
struct ClaudeCodeProgram: Sendable {
    let launch: AgentLaunch

    private var trustsRepository: Bool { NativeAgent.trustsRepository(launch.environment) }

    /// As root the program refuses to be told to ask for nothing, unless it knows that it is in a sandbox.
    var mayBypass: Bool { getuid() != 0 || launch.environment["IS_SANDBOX"] == "1" }

    /// What goes into the system prompt, because the program itself leaves it out.
    var instructions: String? {
        trustsRepository ? nil : RepositoryInstructions(workspace: launch.directory).text
    }

    /// The launch of one session; the id is new, or that of a conversation to be taken up again.
    func launch(session id: String, resumes: Bool) -> AgentLaunch {
        var launch = launch
        var arguments = [
            "-p", "--output-format", "stream-json", "--input-format", "stream-json", "--verbose",
            "--include-partial-messages", "--permission-prompt-tool", "stdio",
        ]
        if !trustsRepository { arguments += ["--setting-sources", "user", "--strict-mcp-config"] }
        if mayBypass { arguments.append("--allow-dangerously-skip-permissions") }
        arguments.append(resumes ? "--resume=\(id)" : "--session-id=\(id)")
        launch.arguments = arguments + launch.arguments
        launch.environment.merge(Self.defaults) { given, _ in given }
        // Marks of a surrounding Claude Code, in which this one would take itself for a part of it.
        for name in ["CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ID"] {
            launch.environment.removeValue(forKey: name)
        }
        launch.environment["CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS"] = "1"
        return launch
    }

    private static let defaults = [
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
    ]
}
