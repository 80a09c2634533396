import FakeAgentServers
import Foundation

/// Plays the program by whose name it is called: `opencode`, `sandbox-agent` or `acpx`.
@main
struct FakeAgentServersCommand {
    static func main() {
        let name = (CommandLine.arguments[0] as NSString).lastPathComponent
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch name {
        case let name where name.hasPrefix("opencode"): FakeOpencodeCommand.run(arguments)
        case let name where name.hasPrefix("sandbox-agent"): FakeSandboxAgentCommand.run(arguments)
        case let name where name.hasPrefix("acpx"): FakeAcpx.run(arguments)
        default:
            FileHandle.standardError.write(Data("link it as opencode, sandbox-agent or acpx\n".utf8))
            exit(2)
        }
    }
}
