extension Configuration {
    package struct Sandbox: Sendable, Equatable {
        package enum Provider: String, Sendable, CaseIterable {
            case docker, local, ecs, kubernetes
        }

        package enum AgentProtocol: String, Sendable, CaseIterable {
            case acp, opencode, acpx
        }

        /// `[sandbox.server]`: the program in the sandbox that speaks the protocol for the agents.
        package struct Server: Sendable, Equatable {
            /// What acpx does with the agent's wishes, since it cannot ask.
            package enum Permissions: String, Sendable, CaseIterable {
                case approveAll = "approve-all"
                case approveReads = "approve-reads"
                case denyAll = "deny-all"
            }

            /// Program and arguments; empty for what is usual with the protocol.
            package var command: [String]
            package var permissions: Permissions
        }

        package var provider: Provider
        package var agentProtocol: AgentProtocol
        package var server: Server
        package var local: Local
    }
}

extension Configuration.Sandbox {
    init(reading section: Section) {
        provider = section.choice("provider", default: .docker)
        agentProtocol = section.choice("protocol", default: .acp)
        server = Server(reading: section.section("server"), for: agentProtocol)
        local = Local(reading: section.section("local"), isChosen: provider == .local)
        if agentProtocol == .acpx && provider == .ecs {
            section.report(
                .combination, "protocol", "\"acpx\" runs through the provider's exec, which \"ecs\" does not have",
                hint: "set protocol = \"acp\", or provider = \"docker\"")
        }
    }
}

extension Configuration.Sandbox.Server {
    init(reading section: Section, for agentProtocol: Configuration.Sandbox.AgentProtocol) {
        command = section.strings("command", of: "texts: the program, then its arguments")
        permissions = section.choice("permissions", default: .approveAll)
        if permissions != .approveAll, agentProtocol != .acpx {
            section.report(
                .combination, "permissions",
                "only \"acpx\" decides about permissions itself; with "
                    + "protocol = \"\(agentProtocol.rawValue)\" the chat is asked", hint: "remove it")
        }
        if agentProtocol == .acp, !command.isEmpty, !command.contains(where: { $0.contains("{port}") }) {
            section.report(
                .badValue, "command", "with protocol = \"acp\" this starts sandbox-agent, which must be told its port",
                hint: "command = [\"sandbox-agent\", \"server\", \"--host\", \"127.0.0.1\", \"--port\", \"{port}\", "
                    + "\"--token\", \"{token}\"]")
        }
    }
}
