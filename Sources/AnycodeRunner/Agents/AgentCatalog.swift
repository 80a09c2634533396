#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The agents that can be started, by name: built-in ones and those of the configuration.
package struct AgentCatalog: Sendable {
    /// A command line; the first whose program exists is used.
    package struct Definition: Sendable, Equatable {
        package var commands: [[String]]
        package var environment: [String: String]
        /// What holds unless it was set: telemetry and self-update are off.
        package var defaults: [String: String]
        /// How to get the program, for a person.
        package var installHint: String
        /// For a program that stands before the agent; nil for the agent's own.
        package var driver: AgentDriver?

        package init(
            commands: [[String]], environment: [String: String] = [:], defaults: [String: String] = [:],
            installHint: String, driver: AgentDriver? = nil
        ) {
            self.driver = driver
            self.commands = commands
            self.environment = environment
            self.defaults = defaults
            self.installHint = installHint
        }
    }

    /// A definition whose program was found.
    struct Resolved: Sendable, Equatable {
        var executable: String
        var command: [String]
        var environment: [String: String]
        var defaults: [String: String]
        var driver: AgentDriver?

        /// Nil for an agent that speaks ACP.
        var native: NativeAgent? { driver == nil ? NativeAgent(command: command) : nil }
    }

    private(set) var definitions: [String: Definition]
    /// Folder that is searched before `PATH`: that of the runner's own program.
    var ownDirectory: String?

    package init(ownDirectory: String? = nil) {
        self.ownDirectory = ownDirectory
        definitions = Self.builtIn
    }

    package mutating func define(_ name: String, _ definition: Definition) {
        definitions[name] = definition
    }

    var names: [String] { definitions.keys.sorted() }

    /// The command of an agent; throws which program was looked for, where, and how to get it.
    func resolve(_ name: String, path: String, directory: String) throws(RunnerError) -> Resolved {
        guard let definition = definitions[name] else {
            throw RunnerError(
                .unknownAgent, "There is no agent “\(name)”.", hint: "Known: \(names.joined(separator: ", ")).")
        }
        let folders = [ownDirectory].compactMap(\.self) + path.split(separator: ":").map(String.init)
        for command in definition.commands {
            guard let program = command.first else { continue }
            if let executable = Self.find(program, in: folders, directory: directory) {
                return Resolved(
                    executable: executable, command: command, environment: definition.environment,
                    defaults: definition.defaults, driver: definition.driver)
            }
        }
        let programs = definition.commands.compactMap(\.first).map { "“\($0)”" }.joined(separator: " or ")
        throw RunnerError(
            .agentMissing,
            "The agent “\(name)” needs \(programs), found in none of: \(folders.joined(separator: ", ")).",
            hint: definition.installHint)
    }

    private static func find(_ program: String, in folders: [String], directory: String) -> String? {
        if program.contains("/") {
            let path = program.hasPrefix("/") ? program : directory + "/" + program
            return isExecutable(path) ? path : nil
        }
        return folders.lazy.map { $0 + "/" + program }.first(where: isExecutable)
    }

    private static func isExecutable(_ path: String) -> Bool {
        access(path, X_OK) == 0 && !isDirectory(path)
    }

    // Command lines as each agent's own documentation gives them for ACP on standard input and output.
    private static let builtIn: [String: Definition] = [
        "demo": Definition(
            commands: [["anycode-demo-agent"]], installHint: "It comes with Anycode; install it beside anycode-runner."),
        "goose": Definition(
            commands: [["goose", "acp"]], defaults: ["GOOSE_TELEMETRY_ENABLED": "false"],
            installHint: "Install Goose in the sandbox and put it on its PATH."),
        "gemini": Definition(
            commands: [["gemini", "--acp"]], defaults: ["GEMINI_TELEMETRY_ENABLED": "false"],
            installHint: "Install the Gemini CLI (npm package @google/gemini-cli, 0.33 or later) in the sandbox."),
        "opencode": Definition(
            commands: [["opencode", "acp"]], defaults: ["OPENCODE_DISABLE_AUTOUPDATE": "1"],
            installHint: "Install opencode (npm package opencode-ai) in the sandbox."),
        "claude-code": Definition(
            commands: [["claude"], ["claude-agent-acp"], ["npx", "-y", "@agentclientprotocol/claude-agent-acp"]],
            installHint: "Install Claude Code (the program claude) in the sandbox and put it on its PATH."),
        "codex": Definition(
            commands: [["codex"], ["codex-acp"], ["npx", "-y", "@agentclientprotocol/codex-acp"]],
            installHint: "Install Codex (npm package @openai/codex) in the sandbox and put it on its PATH."),
    ]
}
