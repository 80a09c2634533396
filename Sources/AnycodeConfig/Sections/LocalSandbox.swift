extension Configuration.Sandbox {
    /// `[sandbox.local]`: sandboxes on this machine.
    package struct Local: Sendable, Equatable {
        package enum Isolation: String, Sendable, CaseIterable {
            case bubblewrap
            /// The agent runs as the daemon's user with all its rights.
            case none
        }

        package enum Network: String, Sendable, CaseIterable {
            /// A network of its own: the internet, but nothing of this host.
            case `private`
            /// The host's network, its loopback included.
            case host
            case none
        }

        package var isolation: Isolation
        package var network: Network
        /// Megabytes for each sandbox; 0 is no limit.
        package var memoryMB: Int
        /// Processes and threads in each sandbox; 0 is no limit.
        package var maxTasks: Int
        /// Further paths of the host that the agent may read.
        package var readOnlyPaths: [String]
        /// Where workspaces live; `nil` is a folder beside the database.
        package var directory: String?
    }
}

extension Configuration.Sandbox.Local {
    init(reading section: Section, isChosen: Bool) {
        isolation = section.choice("isolation", default: .bubblewrap)
        let asked: Network? = section.optionalChoice("network", default: "\"private\"")
        network = asked ?? (isolation == .none ? .host : .private)
        memoryMB = section.integer("memory_mb", default: 4096, in: 0...16_777_216)
        maxTasks = section.integer("max_tasks", default: 1024, in: 0...4_194_304)
        readOnlyPaths = section.strings("read_only_paths", of: "paths").map(section.expanded)
        directory = section.optionalPath("directory")
        if readOnlyPaths.contains(where: { !$0.hasPrefix("/") }) {
            section.report(.badValue, "read_only_paths", "paths must begin with / or ~/")
        }
        if isolation == .none, network != .host {
            section.report(
                .combination, "network", "without isolation the agent has the host's network",
                hint: "remove network, or set isolation = \"bubblewrap\"")
        }
        guard isChosen else { return }
        if isolation == .none {
            section.warn(
                .caution, "isolation", "agents run without a sandbox, with all rights of the daemon's user",
                hint: "set isolation = \"bubblewrap\"")
        } else if network == .host {
            section.warn(
                .caution, "network", "agents reach every service on this machine's loopback",
                hint: "set network = \"private\"")
        }
    }
}
