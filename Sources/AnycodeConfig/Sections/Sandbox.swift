extension Configuration {
    package struct Sandbox: Sendable, Equatable {
        package enum Provider: String, Sendable, CaseIterable {
            case docker, local, ecs, kubernetes
        }

        package enum AgentProtocol: String, Sendable, CaseIterable {
            case acp, opencode, acpx
        }

        package var provider: Provider
        package var agentProtocol: AgentProtocol
        package var local: Local
    }
}

extension Configuration.Sandbox {
    init(reading section: Section) {
        provider = section.choice("provider", default: .docker)
        agentProtocol = section.choice("protocol", default: .acp)
        local = Local(reading: section.section("local"), isChosen: provider == .local)
        if agentProtocol == .acpx && provider == .ecs {
            section.report(
                .combination, "protocol", "\"acpx\" runs through the provider's exec, which \"ecs\" does not have",
                hint: "set protocol = \"acp\", or provider = \"docker\"")
        }
    }
}
