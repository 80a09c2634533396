import AnycodeChat
import AnycodeConfig
import AnycodeControl
import AnycodeCore
import AnycodeSandbox
import ArgumentParser
import Foundation
import HTTPTransport

/// `anycode doctor`: what is wrong, and what mends it.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the configuration and the machine, and say what to fix.",
        discussion: """
            A running daemon is asked how it is, over its control socket.

            Exit codes: 0 all is well, 1 something must be mended, 78 the configuration is wrong.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try options.load()
        var checks: [DoctorCheck] = [.ok("configuration", options.config)]
        checks += configuration.warnings.filter { $0.code == .openAccess }.map { .failed("access", "\($0)") }
        checks.append(runner)
        checks += await sandbox(configuration)
        checks += ServerCheck.checks(configuration, local: localProvider(configuration).configuration)
        checks += await telegram(configuration)
        checks += LiveDoctor.checks(configuration)
        for check in checks { Terminal.say(check.line) }
        if checks.contains(where: \.isFailure) { throw ExitCode(1) }
    }

    private var runner: DoctorCheck {
        let path = Daemon.runnerPath
        return FileManager.default.isExecutableFile(atPath: path)
            ? .ok("runner", path) : .failed("runner", "\(path) is missing; install it beside anycode (make install)")
    }

    private func telegram(_ configuration: Configuration) async -> [DoctorCheck] {
        guard let telegram = configuration.telegram, let http = try? HTTPClient() else { return [] }
        let inspection = TelegramInspection(
            token: AnycodeCore.Secret(telegram.botToken.reveal()), baseURL: telegram.apiBaseURL,
            removesWebhook: telegram.removesWebhook, http: http)
        let findings = await inspection.findings()
        await http.shutdown()
        return findings.map { $0.isFine ? .ok("telegram", $0.words) : .failed("telegram", $0.words) }
    }

    private func sandbox(_ configuration: Configuration) async -> [DoctorCheck] {
        if configuration.sandbox.provider == .docker { return await engine(configuration.docker) }
        let provider = localProvider(configuration)
        let found: LocalSurroundings
        do {
            found = try await provider.surroundings()
        } catch {
            return [.failed("sandbox", "\(error)")]
        }
        var checks: [DoctorCheck] = []
        checks.append(
            found.isolationProblem.map { .failed("bubblewrap", "\($0)") }
                ?? .ok("bubblewrap", found.bubblewrapVersion ?? "not used"))
        checks.append(found.networkProblem.map { .failed("network", "\($0)") } ?? .ok("network", "usable"))
        checks.append(
            .ok("systemd", found.usesSystemd ? "sandboxes are scopes of it" : "not here; sandboxes live on their own"))
        if !found.limitsOff.isEmpty {
            checks.append(.note("limits", "off here: \(found.limitsOff.joined(separator: ", "))"))
        }
        return checks
    }

    private func localProvider(_ configuration: Configuration) -> LocalSandboxProvider {
        let base = configuration.sandbox.local.directory ?? NSTemporaryDirectory()
        return Daemon.localProvider(configuration.sandbox.local, instance: InstanceID("doctor"), base: base)
    }

    private func engine(_ docker: Configuration.Docker) async -> [DoctorCheck] {
        do {
            let http = try HTTPClient(configuration: .init(userAgent: "anycode/\(AnycodeVersion.current)"))
            let provider = try Daemon.dockerProvider(docker, instance: InstanceID("doctor"), http: http)
            let found = try await provider.surroundings()
            await http.shutdown()
            return [
                .ok("docker", "Engine \(found.engineVersion) at \(found.host)"),
                found.hasImage
                    ? .ok("image", docker.image)
                    : .note("image", "\(docker.image) is not there yet; it is pulled for the first task"),
            ]
        } catch {
            return [.failed("docker", "\(error)")]
        }
    }
}

/// One finding.
struct DoctorCheck {
    enum Result { case fine, noted, failed }

    let result: Result
    let subject: String
    let words: String

    static func ok(_ subject: String, _ words: String) -> DoctorCheck {
        .init(result: .fine, subject: subject, words: words)
    }
    static func note(_ subject: String, _ words: String) -> DoctorCheck {
        .init(result: .noted, subject: subject, words: words)
    }
    static func failed(_ subject: String, _ words: String) -> DoctorCheck {
        .init(result: .failed, subject: subject, words: words)
    }

    var isFailure: Bool { result == .failed }

    var line: String {
        let mark =
            switch result {
            case .fine: "✓"
            case .noted: "!"
            case .failed: "✗"
            }
        let padding = String(repeating: " ", count: max(0, 14 - subject.count))
        return "\(mark) \(subject)\(padding) \(words)"
    }
}
