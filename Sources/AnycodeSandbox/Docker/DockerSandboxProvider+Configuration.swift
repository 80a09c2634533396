package import AnycodeCore

extension DockerSandboxProvider {
    /// How containers are made.
    package struct Configuration: Hashable, Sendable {
        /// Whose containers these are; those of other instances on the same Engine are left alone.
        package var instance: InstanceID
        package var host: DockerHost
        package var image: String
        package var runner: Runner
        /// Host ports for the runners, on 127.0.0.1; `nil` lets the Engine choose.
        package var ports: ClosedRange<Int>?
        package var network: Network
        package var limits: Limits
        /// Whether only the workspace, a home and `/tmp` can be written.
        package var readOnlyRoot: Bool
        /// Capabilities given back after all were dropped: `CHOWN`.
        package var capabilities: [String]
        /// How long a start may take until the runner answers, without the pull.
        package var startTimeout: Duration
        /// How long the runner may take to end its agent before everything is killed. In whole seconds.
        package var grace: Duration

        package init(
            instance: InstanceID, host: DockerHost, image: String = "anycode-sandbox:latest", runner: Runner,
            ports: ClosedRange<Int>? = 12000...12100, network: Network = .own(name: "anycode"),
            limits: Limits = Limits(), readOnlyRoot: Bool = false, capabilities: [String] = [],
            startTimeout: Duration = .seconds(60), grace: Duration = .seconds(5)
        ) {
            self.instance = instance
            self.host = host
            self.image = image
            self.runner = runner
            self.ports = ports
            self.network = network
            self.limits = limits
            self.readOnlyRoot = readOnlyRoot
            self.capabilities = capabilities
            self.startTimeout = startTimeout
            self.grace = grace
        }
    }

    /// How the runner comes into a container.
    package enum Runner: Hashable, Sendable {
        /// Copied in from this file of the daemon's machine, unless the image has the label `anycode.runner`.
        case automatic(path: String)
        /// Copied in always; the image's entry point is not used.
        case copied(path: String)
        /// The image's entry point starts it; see `docker/entrypoint.sh`.
        case baked
    }

    /// What containers can reach.
    package enum Network: Hashable, Sendable {
        /// A bridge made when missing, without traffic between its containers.
        case own(name: String)
        /// A network that exists.
        case existing(name: String)
        /// The machine's own network: nothing separates it from the sandbox.
        case host

        /// As the configuration's `docker.network` is documented; `bridge`, its default, is our own one.
        package init(_ name: String) throws(SandboxError) {
            switch name {
            case "bridge", "anycode", "": self = .own(name: "anycode")
            case "host": self = .host
            case "none":
                throw SandboxError(
                    .misconfigured, "docker.network = \"none\" would cut off the runner",
                    hint: "Make a network with docker network create --internal, and name that.")
            default: self = .existing(name: name)
            }
        }
    }

    /// Limits of one container; `nil` is none.
    package struct Limits: Hashable, Sendable {
        /// Of memory and swap together.
        package var memoryBytes: UInt64?
        /// In processors: 1.5 is one and a half.
        package var processors: Double?
        /// Processes and threads.
        package var tasks: UInt64?

        package init(memoryBytes: UInt64? = 4 << 30, processors: Double? = nil, tasks: UInt64? = 2048) {
            self.memoryBytes = memoryBytes
            self.processors = processors
            self.tasks = tasks
        }
    }
}
