package import AnycodeCore
package import HTTPTransport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Sandboxes that are containers of a Docker Engine.
///
/// They do not depend on the daemon: a killed one leaves them running, and the next takes them over.
package final class DockerSandboxProvider: SandboxProvider {
    package let id = ProviderID("docker")
    let configuration: Configuration
    let engine: Engine
    private let clock: any Clock<Duration>
    private let watch: EngineWatch
    private let locks = LeaseLocks()
    private let ports: HostPorts?
    private let bridge: OwnBridge?
    private let uploads = UploadSlots(2)

    /// - Parameter clock: Pauses between two questions and between two attempts to reach the Engine.
    package init(
        _ configuration: Configuration, http: HTTPClient, clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.configuration = configuration
        self.clock = clock
        engine = Engine(host: configuration.host, http: http)
        ports = configuration.ports.map { HostPorts($0, looksAtMachine: configuration.host.isLocal) }
        if case .own(let name) = configuration.network {
            bridge = OwnBridge(engine: engine, name: name)
        } else {
            bridge = nil
        }
        watch = EngineWatch(engine: engine, instance: configuration.instance, clock: clock)
    }

    package func acquire(
        _ spec: SandboxSpec, progress: @escaping @Sendable (String) -> Void
    ) async throws(SandboxError) -> any SandboxLease {
        let start = try start(spec)
        return try await locks.withLock(spec.lease) { () throws(SandboxError) in
            if let existing = try await self.own(start.name) {
                if let lease = try await self.revive(spec, existing, start, progress) { return lease }
                try await self.removal.run(existing.id)
            }
            return self.lease(spec, try await start.run(progress: progress))
        }
    }

    package func adopt(_ spec: SandboxSpec) async throws(SandboxError) -> (any SandboxLease)? {
        let name = try ContainerPlan.name(of: spec.lease)
        return try await locks.withLock(spec.lease) { () throws(SandboxError) in
            guard let existing = try await self.own(name), existing.state.isRunning else { return nil }
            switch try await self.probe(spec, existing) {
            case .ready(let url): return self.lease(spec, StartedContainer(id: existing.id, url: url))
            case .died: return nil
            case .useless(let error): throw error
            }
        }
    }

    package func list() async throws(SandboxError) -> [SandboxRecord] {
        let labels = ["anycode=true", "anycode.instance=\(configuration.instance)"]
        let entries = try await calling("listing sandboxes") { () throws(EngineError) in
            try await self.engine.containers(labels: labels).entries
        }
        return entries.compactMap { entry in
            guard let lease = entry.labels?["anycode.lease"] else { return nil }
            return SandboxRecord(
                lease: LeaseID(lease), name: String(entry.id.prefix(12)),
                createdAt: Date(timeIntervalSince1970: TimeInterval(entry.created)), isRunning: entry.isRunning)
        }.sorted { $0.createdAt < $1.createdAt }
    }

    package func destroy(_ lease: LeaseID) async throws(SandboxError) {
        let name = try ContainerPlan.name(of: lease)
        try await locks.withLock(lease) { () throws(SandboxError) in
            guard let existing = try await self.own(name) else { return }
            if existing.state.isRunning {
                try await self.calling("stopping the sandbox") { () throws(EngineError) in
                    try await self.engine.stop(
                        existing.id, grace: Int(self.configuration.grace.components.seconds))
                }
            }
            try await self.removal.run(existing.id)
        }
    }

    /// The last lines that the sandbox's first process wrote; `nil` when there is no sandbox.
    package func logs(of lease: LeaseID, lines: Int = 100) async throws(SandboxError) -> String? {
        guard let existing = try await own(try ContainerPlan.name(of: lease)) else { return nil }
        return try await calling("reading the sandbox's log") { () throws(EngineError) in
            try await self.engine.logs(existing.id, lines: lines)
        }
    }

    // MARK: - Parts

    private var removal: ContainerRemoval { ContainerRemoval(engine: engine, clock: clock) }

    private func start(_ spec: SandboxSpec) throws(SandboxError) -> ContainerStart {
        ContainerStart(
            configuration: configuration, engine: engine, ports: ports, bridge: bridge, uploads: uploads, clock: clock,
            spec: spec,
            name: try ContainerPlan.name(of: spec.lease))
    }

    private func lease(_ spec: SandboxSpec, _ container: StartedContainer) -> DockerLease {
        DockerLease(
            id: spec.lease, endpoint: SandboxEndpoint(address: .url(container.url), token: spec.token),
            container: container.id, watch: watch)
    }

    /// The container of that name; an error when another instance made it.
    func own(_ name: String) async throws(SandboxError) -> ContainerDetails? {
        let details = try await calling("looking for the sandbox") { () throws(EngineError) in
            try await self.engine.container(name)
        }
        guard let details else { return nil }
        guard details.label("anycode.instance") == configuration.instance.rawValue else {
            throw SandboxError(
                .failed, "the container \(name) belongs to another instance of the daemon",
                hint: "Remove it by hand if that instance is gone: docker rm -f \(name)")
        }
        return details
    }

    /// Takes over a container that runs, or starts one again that ended; `nil` when it is of no use.
    private func revive(
        _ spec: SandboxSpec, _ existing: ContainerDetails, _ start: ContainerStart,
        _ progress: @Sendable (String) -> Void
    ) async throws(SandboxError) -> DockerLease? {
        if existing.state.isRunning {
            switch try await probe(spec, existing) {
            case .ready(let url): return lease(spec, StartedContainer(id: existing.id, url: url))
            case .died: break
            case .useless(let error):
                guard error.code == .unavailable else { throw error }
                // It runs and is silent; its files are worth another try.
                try await calling("stopping the sandbox") { () throws(EngineError) in
                    try await self.engine.stop(existing.id, grace: 1)
                }
            }
        } else if existing.state.status != "exited" {
            // Never started, or half removed: there is no work in it.
            return nil
        }
        progress("starting the sandbox again")
        return lease(spec, try await startAgain(existing.id, start))
    }

    /// It ran before, and what is in it exists nowhere else: a failure may be that of an Engine which is shutting down, and
    /// does not answer any more the next time.
    private func startAgain(_ id: String, _ start: ContainerStart) async throws(SandboxError) -> StartedContainer {
        let deadline = ContinuousClock.now + configuration.startTimeout
        var pause = Duration.milliseconds(500)
        while true {
            do throws(SandboxError) {
                return try await start.start(id, deadline)
            } catch {
                guard error.code == .failed, .now + pause < deadline else { throw error }
            }
            do {
                try await clock.sleep(for: pause)
            } catch {
                throw SandboxError(.cancelled, "cancelled while starting the sandbox again")
            }
            pause = min(pause * 2, .seconds(5))
        }
    }

    private enum Found {
        case ready(url: String)
        case died
        case useless(SandboxError)
    }

    private func probe(_ spec: SandboxSpec, _ existing: ContainerDetails) async throws(SandboxError) -> Found {
        guard let url = ContainerStart.url(existing, configuration) else {
            return .useless(SandboxError(.unavailable, "the sandbox runs and has no port"))
        }
        let probe = RunnerProbe(engine: engine, clock: clock)
        let deadline = ContinuousClock.now + configuration.startTimeout
        switch try await probe.wait(for: existing.id, at: url, token: spec.token, until: deadline) {
        case .ready: return .ready(url: url)
        case .died: return .died
        case .unauthorized:
            return .useless(SandboxError(.failed, "the sandbox runs but refuses this instance's token"))
        case .late(let why):
            return .useless(SandboxError(.unavailable, "the sandbox runs but does not answer: \(why)"))
        }
    }

    func calling<Value>(
        _ what: String, _ body: () async throws(EngineError) -> Value
    ) async throws(SandboxError) -> Value {
        do throws(EngineError) {
            return try await body()
        } catch {
            throw SandboxError(error, doing: what, host: engine.host)
        }
    }
}
