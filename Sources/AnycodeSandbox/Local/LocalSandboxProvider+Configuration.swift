package import AnycodeCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension LocalSandboxProvider {
    /// How sandboxes of this machine are made.
    package struct Configuration: Hashable, Sendable {
        /// Whose sandboxes these are; those of other instances in the same directory are left alone.
        package var instance: InstanceID
        /// Holds a directory per lease. Created with mode 0711 when missing.
        package var base: String
        /// The `anycode-runner` program; its directory, with the agents beside it, is readable inside.
        package var runner: String
        package var isolation: Isolation
        package var network: Network
        /// Agents with a network of their own choice.
        package var agentNetworks: [AgentName: Network]
        /// More of the machine's directories and files that are readable inside, at the same path.
        package var readOnlyPaths: [String]
        package var limits: Limits
        /// Free bytes below which no sandbox is made.
        package var minimumFreeSpace: UInt64
        /// How long a start may take, until the runner answers.
        package var startTimeout: Duration
        /// How long the runner may take to end its agent before everything is killed.
        package var grace: Duration
        package var programs: Programs

        package init(
            instance: InstanceID, base: String, runner: String, isolation: Isolation = .bubblewrap,
            network: Network = .private, agentNetworks: [AgentName: Network] = [AgentName("demo"): .none],
            readOnlyPaths: [String] = [], limits: Limits = Limits(), minimumFreeSpace: UInt64 = 512 << 20,
            startTimeout: Duration = .seconds(30), grace: Duration = .seconds(5), programs: Programs = Programs()
        ) {
            self.instance = instance
            self.base = base
            self.runner = runner
            self.isolation = isolation
            self.network = network
            self.agentNetworks = agentNetworks
            self.readOnlyPaths = readOnlyPaths
            self.limits = limits
            self.minimumFreeSpace = minimumFreeSpace
            self.startTimeout = startTimeout
            self.grace = grace
            self.programs = programs
        }

        /// Where a daemon keeps its sandboxes unless told: short, for a socket's path must fit in 107 bytes.
        package static func defaultBase(environment: [String: String], isRoot: Bool) -> String? {
            if isRoot { return "/var/lib/anycode/sandboxes" }
            if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return "\(data)/anycode/sandboxes" }
            return environment["HOME"].map { "\($0)/.local/share/anycode/sandboxes" }
        }

        /// Whether a program of this machine is in a sandbox too, at the same path; what a link leads to has to be.
        package func shows(_ path: String) -> Bool {
            guard isolation == .bubblewrap else { return true }
            let real = Self.resolved(path)
            let roots = SandboxLayout.system + readOnlyPaths
            return roots.contains { Self.lies(path, in: $0) }
                && roots.contains { Self.lies(real, in: $0) || Self.lies(real, in: Self.resolved($0)) }
        }

        private static func resolved(_ path: String) -> String {
            URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
        }

        private static func lies(_ path: String, in folder: String) -> Bool {
            let folder = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
            return path == folder || path.hasPrefix(folder + "/")
        }

        func network(for agent: AgentName) -> Network { agentNetworks[agent] ?? network }
    }

    /// What separates a sandbox from the machine.
    package enum Isolation: String, Hashable, Sendable, Codable {
        case bubblewrap
        /// Nothing but a directory and a process session. Only when asked for by name.
        case none
    }

    /// What a sandbox can reach.
    package enum Network: String, Hashable, Sendable, Codable {
        /// Outbound only, through pasta: no loopback or abstract sockets of the machine, no metadata service.
        case `private`
        /// The machine's own network. Only when asked for by name.
        case host
        /// A loopback of its own and nothing else.
        case none
    }

    /// Limits of one sandbox; `nil` is none. Kept by systemd where it runs; see `LocalSurroundings.limitsOff`.
    package struct Limits: Hashable, Sendable {
        package var memoryBytes: UInt64?
        package var tasks: UInt64?
        /// In processors: 1.5 is one and a half.
        package var processors: Double?

        package init(memoryBytes: UInt64? = 4 << 30, tasks: UInt64? = 2048, processors: Double? = nil) {
            self.memoryBytes = memoryBytes
            self.tasks = tasks
            self.processors = processors
        }
    }

    /// Where the programs are that sandboxes are made with; names are looked up in the usual directories.
    package struct Programs: Hashable, Sendable {
        package var bubblewrap: String
        package var pasta: String
        package var systemdRun: String
        package var ip: String
        package var nsenter: String
        package var setpriv: String

        package init(
            bubblewrap: String = "bwrap", pasta: String = "pasta", systemdRun: String = "systemd-run",
            ip: String = "ip", nsenter: String = "nsenter", setpriv: String = "setpriv"
        ) {
            self.bubblewrap = bubblewrap
            self.pasta = pasta
            self.systemdRun = systemdRun
            self.ip = ip
            self.nsenter = nsenter
            self.setpriv = setpriv
        }
    }
}
