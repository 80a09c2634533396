/// The body of `POST /containers/create`, as far as it is used.
struct ContainerRequest: Encodable, Hashable, Sendable {
    var image: String
    var environment: [String]
    /// `nil` leaves the image's own.
    var entrypoint: [String]?
    var command: [String]?
    var healthcheck: Healthcheck?
    var workingDirectory: String?
    var labels: [String: String]
    var exposedPorts: [String: Empty]
    var volumes: [String: Empty]
    var stopTimeout: Int
    var host: HostConfiguration

    struct Empty: Codable, Hashable, Sendable {}

    struct Healthcheck: Encodable, Hashable, Sendable {
        var test: [String]

        static let none = Healthcheck(test: ["NONE"])

        enum CodingKeys: String, CodingKey { case test = "Test" }
    }

    enum CodingKeys: String, CodingKey {
        case image = "Image"
        case environment = "Env"
        case entrypoint = "Entrypoint"
        case command = "Cmd"
        case healthcheck = "Healthcheck"
        case workingDirectory = "WorkingDir"
        case labels = "Labels"
        case exposedPorts = "ExposedPorts"
        case volumes = "Volumes"
        case stopTimeout = "StopTimeout"
        case host = "HostConfig"
    }
}

/// `HostConfig` of a container.
struct HostConfiguration: Encodable, Hashable, Sendable {
    var networkMode: String
    var portBindings: [String: [PortBinding]]
    var memory: UInt64?
    var memorySwap: UInt64?
    var nanoProcessors: UInt64?
    var taskLimit: UInt64?
    var droppedCapabilities: [String]
    var addedCapabilities: [String]
    var securityOptions: [String]
    var readOnlyRoot: Bool
    var temporaryFileSystems: [String: String]
    var mounts: [Mount]
    var log: Log

    struct Mount: Encodable, Hashable, Sendable {
        var type: String
        var source: String
        var target: String
        var readOnly: Bool

        enum CodingKeys: String, CodingKey {
            case type = "Type"
            case source = "Source"
            case target = "Target"
            case readOnly = "ReadOnly"
        }
    }

    struct Log: Encodable, Hashable, Sendable {
        var type: String
        var options: [String: String]

        enum CodingKeys: String, CodingKey {
            case type = "Type"
            case options = "Config"
        }
    }

    enum CodingKeys: String, CodingKey {
        case networkMode = "NetworkMode"
        case portBindings = "PortBindings"
        case memory = "Memory"
        case memorySwap = "MemorySwap"
        case nanoProcessors = "NanoCpus"
        case taskLimit = "PidsLimit"
        case droppedCapabilities = "CapDrop"
        case addedCapabilities = "CapAdd"
        case securityOptions = "SecurityOpt"
        case readOnlyRoot = "ReadonlyRootfs"
        case temporaryFileSystems = "Tmpfs"
        case mounts = "Mounts"
        case log = "LogConfig"
    }
}

/// One end of a published port, in requests and answers.
struct PortBinding: Codable, Hashable, Sendable {
    var hostAddress: String?
    /// A number in text; `0` or empty lets the Engine choose.
    var hostPort: String?

    enum CodingKeys: String, CodingKey {
        case hostAddress = "HostIp"
        case hostPort = "HostPort"
    }
}

/// `GET /containers/{id}/json`, as far as it is used.
struct ContainerDetails: Decodable, Sendable {
    let id: String
    let state: State
    let configuration: Configuration
    let network: Network?

    struct State: Decodable, Sendable {
        let status: String
        let isRunning: Bool
        let outOfMemory: Bool?
        let exitCode: Int?
        let error: String?

        enum CodingKeys: String, CodingKey {
            case status = "Status"
            case isRunning = "Running"
            case outOfMemory = "OOMKilled"
            case exitCode = "ExitCode"
            case error = "Error"
        }
    }

    struct Configuration: Decodable, Sendable {
        let labels: [String: String]?

        enum CodingKeys: String, CodingKey { case labels = "Labels" }
    }

    struct Network: Decodable, Sendable {
        let ports: [String: [PortBinding]?]?

        enum CodingKeys: String, CodingKey { case ports = "Ports" }
    }

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case state = "State"
        case configuration = "Config"
        case network = "NetworkSettings"
    }

    func label(_ name: String) -> String? { configuration.labels?[name] }
}

/// An entry of `GET /containers/json`.
struct ContainerEntry: Decodable, Sendable {
    let id: String
    let names: [String]?
    let labels: [String: String]?
    /// Seconds since 1970.
    let created: Int
    let state: String

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case names = "Names"
        case labels = "Labels"
        case created = "Created"
        case state = "State"
    }

    var isRunning: Bool { state == "running" || state == "paused" || state == "restarting" }
}
