import AnycodeConfig
import AnycodeCore
import AnycodeSandbox
import Foundation

/// Whether the programs before the agents are where sandboxes look for them, and what people should know about them.
enum ServerCheck {
    /// Where a local sandbox finds programs of this machine, after those beside the runner.
    private static let folders = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]

    /// - Parameter local: how local sandboxes are made.
    static func checks(_ configuration: Configuration, local: LocalSandboxProvider.Configuration) -> [DoctorCheck] {
        var checks: [DoctorCheck] = []
        for name in configuration.agents.names {
            guard let server = AgentServer(of: name, configuration) else { continue }
            if configuration.sandbox.provider == .local {
                checks.append(program(server, for: name, configuration, local))
            }
        }
        if configuration.sandbox.agentProtocol == .acpx {
            let policy = configuration.sandbox.server.permissions.rawValue
            checks.append(.note("acpx", "cannot ask in the chat: its permissions are \(policy)"))
        }
        return checks
    }

    private static func program(
        _ server: AgentServer, for name: String, _ file: Configuration, _ local: LocalSandboxProvider.Configuration
    ) -> DoctorCheck {
        let program = server.command[0]
        if program.contains("/") {
            return FileManager.default.isExecutableFile(atPath: program)
                ? found(program, name, local) : .failed(name, "\(program) is missing; see sandbox.server.command")
        }
        let own = file.agents.credentials[name]?.environment["PATH"]?.reveal().split(separator: ":").map(String.init)
        let beside = URL(filePath: local.runner).deletingLastPathComponent().path(percentEncoded: false) + program
        if own == nil, FileManager.default.isExecutableFile(atPath: beside) { return .ok(name, beside) }
        let searched = own ?? folders
        if let folder = searched.first(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }) {
            return found("\(folder)/\(program)", name, local)
        }
        let places = searched.joined(separator: ", ")
        let mend = "install it there, or name it in sandbox.server.command"
        return .failed(name, "\(program) is in none of \(places); \(mend)")
    }

    private static func found(
        _ path: String, _ name: String, _ local: LocalSandboxProvider.Configuration
    ) -> DoctorCheck {
        if local.shows(path) { return .ok(name, path) }
        let real = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
        let place = real == path ? path : "\(path), a link to \(real),"
        return .failed(
            name,
            "\(place) is not in the sandbox; add its folder to sandbox.local.read_only_paths, or install it in /usr")
    }
}
