import AnycodeConfig
import AnycodeCore
import Foundation

/// Whether the programs before the agents are where sandboxes look for them, and what people should know about them.
enum ServerCheck {
    /// Where a local sandbox finds programs of this machine, besides the runner's own folder.
    private static let folders = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]

    static func checks(_ configuration: Configuration) -> [DoctorCheck] {
        var checks: [DoctorCheck] = []
        for name in configuration.agents.names {
            guard let server = AgentServer(of: name, configuration) else { continue }
            if configuration.sandbox.provider == .local { checks.append(program(server, for: name, configuration)) }
        }
        if configuration.sandbox.agentProtocol == .acpx {
            let policy = configuration.sandbox.server.permissions.rawValue
            checks.append(.note("acpx", "cannot ask in the chat: its permissions are \(policy)"))
        }
        return checks
    }

    private static func program(_ server: AgentServer, for name: String, _ file: Configuration) -> DoctorCheck {
        let program = server.command[0]
        if program.contains("/") {
            return FileManager.default.isExecutableFile(atPath: program)
                ? .ok(name, program) : .failed(name, "\(program) is missing; see sandbox.server.command")
        }
        let own = file.agents.credentials[name]?.environment["PATH"]?.reveal().split(separator: ":").map(String.init)
        let searched = own ?? folders
        if let found = searched.first(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }) {
            return .ok(name, "\(found)/\(program)")
        }
        let places = searched.joined(separator: ", ")
        let mend = "install it there, or name it in sandbox.server.command"
        return .failed(name, "\(program) is in none of \(places); \(mend)")
    }
}
