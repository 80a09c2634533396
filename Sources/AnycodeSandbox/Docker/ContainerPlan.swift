import AnycodeCore

/// What a sandbox's container is to be, as a value.
struct ContainerPlan: Sendable {
    /// Where the runner listens inside.
    static let port = 2468
    static let portName = "2468/tcp"
    static let workspace = "/workspace"
    /// Ours alone, so that nothing of the image is in the way.
    static let ownDirectory = "/.anycode"
    static let runner = "\(ownDirectory)/bin/anycode-runner"

    let configuration: DockerSandboxProvider.Configuration
    let spec: SandboxSpec
    let image: ImageDetails
    /// A name or an id.
    let network: String

    static func name(of lease: LeaseID) throws(SandboxError) -> String {
        let isUsable = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        guard (1...64).contains(lease.rawValue.utf8.count), lease.rawValue.utf8.allSatisfy(isUsable) else {
            throw SandboxError(.failed, "the lease's id cannot name a container")
        }
        return "anycode-\(lease)"
    }

    /// The program to copy in; `nil` when the image has its own.
    var runnerSource: String? {
        switch configuration.runner {
        case .baked: nil
        case .copied(let path): path
        case .automatic(let path): image.label("anycode.runner") == nil ? path : nil
        }
    }

    /// Whether the image's home cannot be used, or is not known before the start.
    var hasOwnHome: Bool { configuration.readOnlyRoot || ContainerUser.isNumber(image.user) }

    /// - Parameter hostPort: `nil` lets the Engine choose.
    func request(hostPort: Int?) -> ContainerRequest {
        let isOnHost = configuration.network == .host
        let listen = isOnHost ? "tcp:127.0.0.1:\(hostPort ?? 0)" : "tcp:0.0.0.0:\(Self.port)"
        let isCopied = runnerSource != nil
        return ContainerRequest(
            image: configuration.image, environment: environment(listen),
            entrypoint: isCopied ? [Self.runner] : nil, command: isCopied ? arguments(listen) : nil,
            healthcheck: isCopied ? Healthcheck.none : nil, workingDirectory: isCopied ? "/" : nil,
            labels: labels(hostPort), exposedPorts: isOnHost ? [:] : [Self.portName: .init()],
            volumes: volumes, stopTimeout: max(1, Int(configuration.grace.components.seconds)),
            host: host(hostPort, isOnHost))
    }

    private typealias Healthcheck = ContainerRequest.Healthcheck

    /// The token is here for the Engine's owner to read, who can read everything inside anyway; the runner hides it
    /// from the agent.
    private func environment(_ listen: String) -> [String] {
        [
            "ANYCODE_RUNNER_TOKEN=\(spec.token.reveal())", "ANYCODE_AGENT=\(spec.agent)", "ANYCODE_LISTEN=\(listen)",
        ]
    }

    private func arguments(_ listen: String) -> [String] {
        [
            "serve", "--listen", listen, "--state-dir", "\(Self.ownDirectory)/state", "--workspace",
            "\(Self.workspace)/repo",
        ] + (hasOwnHome ? ["--home", ContainerFiles.home] : [])
    }

    private func labels(_ hostPort: Int?) -> [String: String] {
        var labels = [
            "anycode": "true", "anycode.agent": spec.agent.rawValue, "anycode.instance": spec.instance.rawValue,
            "anycode.lease": spec.lease.rawValue, "anycode.session": spec.session.rawValue,
        ]
        if let hostPort { labels["anycode.port"] = "\(hostPort)" }
        return labels
    }

    /// Where the root cannot be written, these can; they go with the container.
    private var volumes: [String: ContainerRequest.Empty] {
        configuration.readOnlyRoot ? [Self.ownDirectory: .init(), Self.workspace: .init()] : [:]
    }

    private func host(_ hostPort: Int?, _ isOnHost: Bool) -> HostConfiguration {
        let limits = configuration.limits
        let binding = PortBinding(hostAddress: "127.0.0.1", hostPort: "\(hostPort ?? 0)")
        return HostConfiguration(
            networkMode: network, portBindings: isOnHost ? [:] : [Self.portName: [binding]],
            memory: limits.memoryBytes, memorySwap: limits.memoryBytes,
            nanoProcessors: limits.processors.map { UInt64(max(0.01, $0) * 1e9) }, taskLimit: limits.tasks,
            droppedCapabilities: ["ALL"], addedCapabilities: configuration.capabilities,
            securityOptions: ["no-new-privileges"], readOnlyRoot: configuration.readOnlyRoot,
            temporaryFileSystems: configuration.readOnlyRoot
                ? ["/tmp": "rw,exec,nosuid,nodev,mode=1777", "/run": "rw,nosuid,nodev,mode=755"] : [:],
            mounts: spec.localRepository.map {
                [.init(type: "bind", source: $0, target: $0, readOnly: true)]
            } ?? [],
            log: .init(type: "json-file", options: ["max-size": "10m", "max-file": "2"]))
    }
}
