import AnycodeChat
import AnycodeConfig
import AnycodeCore
import AnycodeRuntime
import AnycodeSandbox
import Foundation
import HTTPTransport
import Logging
import ServiceLifecycle
import Supervision
import Synchronization

extension Daemon {
    static func console(_ use: ConsoleUse, _ data: DataDirectory) throws -> ConsolePlatform {
        try ConsolePlatform(
            configuration: ConsolePlatform.Configuration(
                journalDirectory: data.consoleJournal, autoAnswer: use.autoAnswer,
                endsAtEndOfInput: use.endsAtEndOfInput))
    }

    /// The provider that the configuration names.
    static func provider(
        _ file: Configuration, instance: InstanceID, sandboxes: String, http: HTTPClient
    ) throws -> any SandboxProvider {
        switch file.sandbox.provider {
        case .docker: return try dockerProvider(file.docker, instance: instance, http: http)
        case .local, .ecs, .kubernetes:
            // The configuration refuses those that this version does not have.
            return localProvider(file.sandbox.local, instance: instance, base: sandboxes)
        }
    }

    /// Containers of the Engine that `DOCKER_HOST` names, else of the usual socket.
    static func dockerProvider(
        _ docker: Configuration.Docker, instance: InstanceID, http: HTTPClient
    ) throws -> DockerSandboxProvider {
        let limits = DockerSandboxProvider.Limits(
            memoryBytes: docker.memoryMB == 0 ? nil : UInt64(docker.memoryMB) << 20,
            processors: docker.milliCPUs == 0 ? nil : Double(docker.milliCPUs) / 1000,
            tasks: docker.maxTasks == 0 ? nil : UInt64(docker.maxTasks))
        return DockerSandboxProvider(
            DockerSandboxProvider.Configuration(
                instance: instance, host: try DockerHost(environment: ProcessInfo.processInfo.environment),
                image: docker.image, runner: .automatic(path: runnerPath), ports: docker.ports,
                network: try DockerSandboxProvider.Network(docker.network), limits: limits,
                readOnlyRoot: docker.readOnlyRoot),
            http: http)
    }

    static func localProvider(
        _ local: Configuration.Sandbox.Local, instance: InstanceID, base: String
    ) -> LocalSandboxProvider {
        let isolation: LocalSandboxProvider.Isolation =
            switch local.isolation {
            case .bubblewrap: .bubblewrap
            case .none: .none
            }
        let network: LocalSandboxProvider.Network =
            switch local.network {
            case .private: .private
            case .host: .host
            case .none: .none
            }
        return LocalSandboxProvider(
            LocalSandboxProvider.Configuration(
                instance: instance, base: base, runner: runnerPath, isolation: isolation,
                network: network, readOnlyPaths: local.readOnlyPaths,
                limits: .init(memoryBytes: UInt64(local.memoryMB) << 20, tasks: UInt64(local.maxTasks))))
    }

    /// Says which configured limits nobody keeps on this machine, and what stands in the way of sandboxes.
    func tellSurroundings() async {
        if let docker = provider as? DockerSandboxProvider { return await tellEngine(docker) }
        guard let local = provider as? LocalSandboxProvider, let found = try? await local.surroundings() else { return }
        if !found.limitsOff.isEmpty {
            let limits = found.limitsOff.joined(separator: ", ")
            runtime.logger.warning("limits of sandboxes are off here", metadata: ["limits": "\(limits)"])
        }
        for problem in [found.isolationProblem, found.networkProblem].compactMap({ $0 }) {
            runtime.logger.error("sandboxes cannot be made as configured", metadata: ["problem": "\(problem)"])
        }
    }

    /// Says now, and not at the first task, when no Engine answers.
    private func tellEngine(_ docker: DockerSandboxProvider) async {
        do {
            let found = try await docker.surroundings()
            runtime.logger.info(
                "Docker Engine", metadata: ["version": "\(found.engineVersion)", "host": "\(found.host)"])
        } catch {
            runtime.logger.error("sandboxes cannot be made as configured", metadata: ["problem": "\(error)"])
        }
    }

    /// The runner lies beside the daemon's own program.
    static var runnerPath: String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("anycode-runner").path
    }

    /// 32 random hexadecimal digits.
    static func makeID() -> String {
        UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
    }
}

/// Lets the control socket, which is part of the tree, see the tree.
final class TreeBox: Sendable {
    private let value = Mutex<Supervisor?>(nil)

    var root: Supervisor? { value.withLock { $0 } }
    func set(_ root: Supervisor) { value.withLock { $0 = root } }
}

/// The one service of the process: the tree, and what a shutdown does before it ends.
struct RootService: Service {
    let root: Supervisor
    let runtime: Runtime
    let onShutdown: Configuration.Session.OnShutdown
    let notifier: ServiceNotifier

    /// How long sessions may take to save and end.
    static let drainLimit: Duration = .seconds(30)

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await root.run() }
            group.addTask {
                try await gracefulShutdown()
                notifier.stopping()
                runtime.intake.become(.holding)
                if onShutdown == .destroy {
                    let left = await runtime.drain(within: Self.drainLimit)
                    if !left.isEmpty {
                        runtime.logger.warning(
                            "sessions did not end in time and are left for the next start",
                            metadata: ["sessions": "\(left.map(\.short).joined(separator: ", "))"])
                    }
                }
                root.stop()
            }
            try await group.next()
            if Task.isShuttingDownGracefully { try await group.next() }
            group.cancelAll()
        }
    }
}
