#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The daemon's configuration, checked: what is in here makes sense together.
package struct Configuration: Sendable, Equatable {
    package var telegram: Telegram?
    package var slack: Slack?
    package var console: Console
    package var sandbox: Sandbox
    package var docker: Docker
    package var ecs: ECS
    package var database: Database
    package var agents: Agents
    package var github: GitHub
    package var session: Session
    package var control: Control
    package var log: Log
    /// What the person should hear at start, in the tree and from `doctor`.
    package var warnings: [ConfigurationProblem] = []
}

extension Configuration {
    /// Reads and checks a configuration file. Every problem is reported at once.
    ///
    /// - Parameters:
    ///   - environment: For the home directory; values of keys never come from it.
    ///   - supported: What this build can run; choosing anything else is a problem of its own kind.
    package static func load(
        path: String, environment: [String: String] = ProcessInfo.processInfo.environment,
        supported: Supported = .thisVersion
    ) throws(ConfigurationError) -> Configuration {
        guard let data = FileManager.default.contents(atPath: path) else {
            let message =
                FileManager.default.fileExists(atPath: path) ? "the file cannot be read" : "there is no such file"
            let hint = "copy config.example.toml, or name another file with --config"
            throw ConfigurationError(problems: [.init(.unreadable, file: path, message: message, hint: hint)])
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError(problems: [.init(.syntax, file: path, message: "the file is not UTF-8 text")])
        }
        var configuration = try parse(text, file: path, environment: environment, supported: supported)
        if configuration.holdsSecrets, let warning = exposure(of: path) {
            configuration.warnings.append(warning)
        }
        return configuration
    }

    /// Checks the text of a configuration file; `file` is how messages name it.
    package static func parse(
        _ text: String, file: String = "config.toml",
        environment: [String: String] = ProcessInfo.processInfo.environment, supported: Supported = .thisVersion
    ) throws(ConfigurationError) -> Configuration {
        let document: [String: TOMLNode]
        do {
            document = try TOMLNode.parse(text, file: file)
        } catch {
            throw ConfigurationError(problems: [error.problem])
        }
        let reader = SettingsReader(document, text: text, file: file, environment: environment)
        var configuration = Configuration(reading: reader.root)
        reader.reportUnknownKeys()
        configuration.reportUnsupported(supported, to: reader.root)
        guard reader.problems.isEmpty else {
            throw ConfigurationError(problems: reader.problems.inFileOrder)
        }
        configuration.warnings = reader.warnings.inFileOrder
        return configuration
    }

    /// Every key there is, with its default.
    package static var knownKeys: [KnownKey] {
        let reader = SettingsReader([:], text: "", file: "", environment: [:])
        _ = Configuration(reading: reader.root)
        return reader.known
    }

    private init(reading root: Section) {
        telegram = Telegram(reading: root.section("telegram"))
        slack = Slack(reading: root.section("slack"))
        console = Console(
            reading: root.section("console"), isOnlyPlatform: !root.has("telegram") && !root.has("slack"))
        sandbox = Sandbox(reading: root.section("sandbox"))
        docker = Docker(reading: root.section("docker"))
        ecs = ECS(reading: root.section("ecs"), isChosen: sandbox.provider == .ecs)
        database = Database(reading: root.section("database"))
        agents = Agents(reading: root.section("agents"))
        github = GitHub(reading: root.section("github"))
        session = Session(reading: root.section("session"))
        control = Control(reading: root.section("control"))
        log = Log(reading: root.section("log"))
    }

    private var holdsSecrets: Bool {
        telegram != nil || slack != nil || github.token != nil
            || agents.credentials.values.contains { !$0.environment.isEmpty }
            || agents.custom.values.contains { !$0.environment.isEmpty }
    }

    private static func exposure(of path: String) -> ConfigurationProblem? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return nil }
        return ConfigurationProblem(
            .exposedFile, file: path, message: "the file holds secrets and other users may read it",
            hint: "chmod 600 \(path)")
    }
}

extension [ConfigurationProblem] {
    fileprivate var inFileOrder: [ConfigurationProblem] {
        enumerated().sorted { a, b in
            (a.element.line ?? .max, a.offset) < (b.element.line ?? .max, b.offset)
        }
        .map(\.element)
    }
}
