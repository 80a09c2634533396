import AnycodeCore

/// A container that runs and whose runner answered.
struct StartedContainer: Sendable {
    let id: String
    /// Of the runner.
    let url: String
}

/// Makes a container, from the image to the runner's first answer; leaves nothing behind when it fails.
struct ContainerStart: Sendable {
    let configuration: DockerSandboxProvider.Configuration
    let engine: Engine
    let ports: HostPorts?
    let bridge: OwnBridge?
    let uploads: UploadSlots
    let clock: any Clock<Duration>
    let spec: SandboxSpec
    let name: String

    private enum Attempt {
        case started(StartedContainer)
        case portTaken
    }

    private var removal: ContainerRemoval { ContainerRemoval(engine: engine, clock: clock) }

    func run(progress: @Sendable (String) -> Void) async throws(SandboxError) -> StartedContainer {
        let image = try await image(progress)
        let plan = ContainerPlan(
            configuration: configuration, spec: spec, image: image, network: try await network())
        progress("starting a sandbox")
        let deadline = ContinuousClock.now + configuration.startTimeout
        var taken = try await portsOfSandboxes()
        for _ in 0..<20 {
            let port = try reservePort(except: taken)
            defer { if let port { ports?.release(port) } }
            switch try await attempt(plan, port, deadline) {
            case .started(let container): return container
            case .portTaken: if let port { taken.insert(port) }
            }
        }
        throw noPort()
    }

    /// Makes our own bridge when it is missing.
    private func network() async throws(SandboxError) -> String {
        switch configuration.network {
        case .host: return "host"
        case .existing(let name): return name
        case .own(let name):
            return try await calling("preparing the sandboxes' network") { () throws(EngineError) in
                try await bridge?.id() ?? name
            }
        }
    }

    /// Starts a container that exists and waits for its runner.
    func start(_ id: String, _ deadline: ContinuousClock.Instant) async throws(SandboxError) -> StartedContainer {
        if let failure = try await startFailure(id) {
            switch failure {
            case .error(let error): throw error
            case .portTaken:
                throw SandboxError(
                    .unavailable, "the sandbox cannot go on: another program listens on its port",
                    hint: "End that program, or keep others out of docker.port_range_start to port_range_end.")
            case .missingNetwork: throw Self.missingNetwork(configuration.network)
            }
        }
        let url = try await endpoint(of: id)
        return try await ready(id, url, deadline)
    }

    // MARK: - Image and ports

    private func image(_ progress: @Sendable (String) -> Void) async throws(SandboxError) -> ImageDetails {
        let name = configuration.image
        if let image = try await known(name) { return image }
        do throws(EngineError) {
            try await engine.pull(name, progress: progress)
        } catch {
            throw Self.pullFailure(error, image: name, host: engine.host)
        }
        guard let image = try await known(name) else {
            throw SandboxError(.unavailable, "the image \(name) was pulled and is gone again")
        }
        return image
    }

    private func known(_ image: String) async throws(SandboxError) -> ImageDetails? {
        try await calling("looking for the image") { () throws(EngineError) in try await engine.image(image) }
    }

    static func pullFailure(_ error: EngineError, image: String, host: DockerHost) -> SandboxError {
        guard case .status(let status, let text) = error else {
            return SandboxError(error, doing: "pulling the image \(image)", host: host)
        }
        let message = "the image \(image) is missing and cannot be pulled: \(EngineError.line(text))"
        if image.hasPrefix("anycode-sandbox") {
            return SandboxError(
                .misconfigured, message,
                hint: "Build it: docker build -f docker/Dockerfile.agent -t \(image) . ")
        }
        let isAbsent =
            status == 404 || status == 400
            || ["not found", "manifest unknown", "denied", "unauthorized"].contains { text.contains($0) }
        return SandboxError(
            isAbsent ? .misconfigured : .unavailable, message,
            hint: isAbsent
                ? "Check docker.image, or pull it by hand with docker login and docker pull."
                : "Check the Engine's network, or load the image with docker load.")
    }

    /// Those of sandboxes that do not run now too: they may be started again.
    private func portsOfSandboxes() async throws(SandboxError) -> Set<Int> {
        guard ports != nil else { return [] }
        let entries = try await calling("listing sandboxes") { () throws(EngineError) in
            try await engine.containers(labels: ["anycode=true"]).entries
        }
        return Set(entries.compactMap { $0.labels?["anycode.port"].flatMap { Int($0) } })
    }

    private func reservePort(except taken: Set<Int>) throws(SandboxError) -> Int? {
        if let ports {
            guard let port = ports.reserve(except: taken) else { throw noPort() }
            return port
        }
        return configuration.network == .host ? HostPorts.any() : nil
    }

    private func noPort() -> SandboxError {
        guard let range = ports?.range else {
            return SandboxError(.unavailable, "the Docker Engine finds no free port")
        }
        return SandboxError(
            .unavailable, "no port is free from \(range.lowerBound) to \(range.upperBound)",
            hint: "Raise docker.port_range_end, or set both ends to 0 to let the Engine choose.")
    }

    // MARK: - One attempt

    private func attempt(
        _ plan: ContainerPlan, _ port: Int?, _ deadline: ContinuousClock.Instant
    ) async throws(SandboxError) -> Attempt {
        let id = try await create(plan, port)
        do throws(SandboxError) {
            try await fill(id, plan)
            if let failure = try await startFailure(id) {
                await removal.runAfterFailure(id)
                switch failure {
                case .portTaken: return .portTaken
                case .missingNetwork: throw Self.missingNetwork(configuration.network)
                case .error(let error): throw error
                }
            }
            return .started(try await ready(id, try await endpoint(of: id), deadline))
        } catch {
            await removal.runAfterFailure(id)
            if error == Self.portWasTaken { return .portTaken }
            throw error
        }
    }

    private func create(_ plan: ContainerPlan, _ port: Int?) async throws(SandboxError) -> String {
        let request = plan.request(hostPort: port)
        do throws(EngineError) {
            return try await engine.create(request, name: name)
        } catch {
            guard error.isConflict else { throw Self.createFailure(error, plan, host: engine.host) }
        }
        // Made by a call whose answer was lost, or not quite gone yet: nothing of worth is in it.
        try await removal.run(name)
        do throws(EngineError) {
            return try await engine.create(request, name: name)
        } catch {
            throw Self.createFailure(error, plan, host: engine.host)
        }
    }

    private static func createFailure(_ error: EngineError, _ plan: ContainerPlan, host: DockerHost) -> SandboxError {
        if error.isNotFound, error.text.lowercased().contains("image") {
            return SandboxError(.unavailable, "the image \(plan.configuration.image) is gone again")
        }
        if error.text.contains("bind source path does not exist") {
            return SandboxError(
                .misconfigured, "the Docker Engine does not see the local repository",
                hint: "Clone by URL, or use an Engine on this machine.")
        }
        return SandboxError(error, doing: "creating the sandbox", host: host)
    }

    /// Puts the runner in, unless the image has it.
    private func fill(_ id: String, _ plan: ContainerPlan) async throws(SandboxError) {
        guard let source = plan.runnerSource else { return }
        var passwd: [UInt8]?
        if ContainerUser.needsLookup(plan.image.user) {
            passwd = try await calling("looking into the image") { () throws(EngineError) in
                try await engine.file("/etc/passwd", of: id)
            }
        }
        guard let user = ContainerUser(plan.image.user, passwd: passwd) else {
            throw SandboxError(
                .misconfigured, "the image \(configuration.image) names a user that it does not have",
                hint: "Mend USER in its Dockerfile.")
        }
        let files = ContainerFiles(
            user: user, agent: spec.agent, hasOwnHome: plan.hasOwnHome, usesVolumes: configuration.readOnlyRoot,
            runner: try RunnerProgram(source))
        try await uploads.withSlot { () throws(SandboxError) in
            for part in try files.parts() {
                try await calling("copying the runner into the sandbox") { () throws(EngineError) in
                    try await engine.unpack(part.archive, into: part.directory, of: id)
                }
            }
        }
    }

    /// `nil` when it started.
    private func startFailure(_ id: String) async throws(SandboxError) -> StartFailure? {
        var tries = 0
        while true {
            do throws(EngineError) {
                try await engine.start(id)
                return nil
            } catch {
                guard case .status(_, let text) = error else {
                    throw SandboxError(error, doing: "starting the sandbox", host: engine.host)
                }
                tries += 1
                guard let bridge, text.contains("is ambiguous"), tries < 10 else {
                    return StartFailure(text, image: configuration.image, doing: "the sandbox cannot be started")
                }
                try await calling("tidying the sandboxes' network") { () throws(EngineError) in
                    try await bridge.settle()
                }
            }
        }
    }

    private static func missingNetwork(_ network: DockerSandboxProvider.Network) -> SandboxError {
        if case .existing(let name) = network {
            return SandboxError(
                .misconfigured, "the network \(name) does not exist",
                hint: "Make it with docker network create, or leave docker.network out.")
        }
        return SandboxError(.unavailable, "the sandboxes' network was removed meanwhile")
    }

    // MARK: - The runner

    /// Where the runner of a running container is reached.
    func endpoint(of id: String) async throws(SandboxError) -> String {
        let details = try await calling("looking at the sandbox") { () throws(EngineError) in
            try await engine.container(id)
        }
        guard let details else { throw SandboxError(.failed, "the sandbox was removed while it started") }
        if let url = Self.url(details, configuration) { return url }
        if !details.state.isRunning { throw try await death(id, details.state) }
        throw SandboxError(
            .failed, "the sandbox has no port on this machine",
            hint: "A network whose driver publishes no ports cannot be used.")
    }

    static func url(
        _ details: ContainerDetails, _ configuration: DockerSandboxProvider.Configuration
    ) -> String? {
        if configuration.network == .host { return details.label("anycode.port").map { "http://127.0.0.1:\($0)" } }
        let bindings = details.network?.ports?[ContainerPlan.portName] ?? nil
        return bindings?.first?.hostPort.flatMap { Int($0) }.map { "http://127.0.0.1:\($0)" }
    }

    private func ready(
        _ id: String, _ url: String, _ deadline: ContinuousClock.Instant
    ) async throws(SandboxError) -> StartedContainer {
        let probe = RunnerProbe(engine: engine, clock: clock)
        switch try await probe.wait(for: id, at: url, token: spec.token, until: deadline) {
        case .ready: return StartedContainer(id: id, url: url)
        case .died(let state): throw try await death(id, state)
        case .unauthorized: throw SandboxError(.failed, "the runner refuses its token")
        case .late(let why):
            throw SandboxError(
                .failed, "the runner did not answer in time: \(why)",
                hint: engine.host.isLocal
                    ? nil : "The Engine must be on this machine: ports are those of its 127.0.0.1.")
        }
    }

    static let portWasTaken = SandboxError(.failed, "the sandbox's port was taken")

    private func death(_ id: String, _ state: ContainerDetails.State?) async throws(SandboxError) -> SandboxError {
        guard let state else { return SandboxError(.failed, "the sandbox was removed while it started") }
        var said = ""
        do throws(EngineError) {
            said = try await engine.logs(id, lines: 10)
        } catch  where error.isCancelled {
            throw SandboxError(error, doing: "reading the sandbox's log", host: engine.host)
        } catch {
            // The exit code alone must do.
        }
        if state.outOfMemory == true {
            return SandboxError(
                .misconfigured, "the sandbox ran out of memory while starting", hint: "Raise its memory limit.")
        }
        let what = "the runner ended while starting (exit code \(state.exitCode.map { "\($0)" } ?? "unknown"))"
        switch StartFailure(said + (state.error ?? ""), image: configuration.image, doing: what) {
        case .portTaken: return Self.portWasTaken
        case .missingNetwork: return SandboxError(.failed, "\(what): \(EngineError.line(said))")
        case .error(let error): return error
        }
    }

    private func calling<Value>(
        _ what: String, _ body: () async throws(EngineError) -> Value
    ) async throws(SandboxError) -> Value {
        do throws(EngineError) {
            return try await body()
        } catch {
            throw SandboxError(error, doing: what, host: engine.host)
        }
    }
}
