/// The providers, protocols and platforms that a build can run. Each later one is added here when it is there.
package struct Supported: Sendable, Equatable {
    package var platforms: Set<Configuration.Platform>
    package var providers: Set<Configuration.Sandbox.Provider>
    package var protocols: Set<Configuration.Sandbox.AgentProtocol>

    package init(
        platforms: Set<Configuration.Platform>, providers: Set<Configuration.Sandbox.Provider>,
        protocols: Set<Configuration.Sandbox.AgentProtocol>
    ) {
        self.platforms = platforms
        self.providers = providers
        self.protocols = protocols
    }

    /// What this version can run.
    package static let thisVersion = Supported(
        platforms: [.console, .telegram], providers: [.docker, .local], protocols: [.acp, .opencode, .acpx])

    /// Everything the file format knows, for tools that only check or write files.
    package static let everything = Supported(
        platforms: Set(Configuration.Platform.allCases), providers: Set(Configuration.Sandbox.Provider.allCases),
        protocols: Set(Configuration.Sandbox.AgentProtocol.allCases))
}

extension Configuration {
    /// A chat platform, by the name of its section.
    package enum Platform: String, Sendable, CaseIterable {
        case telegram, slack, console
    }

    /// Reports what the file chooses and this build does not have.
    func reportUnsupported(_ supported: Supported, to root: Section) {
        let chosen: [Platform] = [telegram != nil ? .telegram : nil, slack != nil ? .slack : nil].compactMap(\.self)
        for platform in chosen where !supported.platforms.contains(platform) {
            report(
                root.section(platform.rawValue), nil, "[\(platform.rawValue)] is not in this version yet",
                instead: supported.platforms.map { "[\($0.rawValue)]" })
        }
        let section = root.section("sandbox")
        if !supported.providers.contains(sandbox.provider) {
            report(
                section, "provider", "\"\(sandbox.provider.rawValue)\" is not in this version yet",
                instead: supported.providers.map { "provider = \"\($0.rawValue)\"" })
        }
        if !supported.protocols.contains(sandbox.agentProtocol) {
            report(
                section, "protocol", "\"\(sandbox.agentProtocol.rawValue)\" is not in this version yet",
                instead: supported.protocols.map { "protocol = \"\($0.rawValue)\"" })
        }
    }

    private func report(_ section: Section, _ key: String?, _ message: String, instead: [String]) {
        let isDefault = key.map { !section.has($0) } ?? false
        section.report(
            .unavailable, key, isDefault ? message + " (it is the default)" : message,
            hint: "use \(instead.sorted().joined(separator: " or "))")
    }
}
