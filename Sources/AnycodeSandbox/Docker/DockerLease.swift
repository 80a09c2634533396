package import AnycodeCore

/// A running container.
package struct DockerLease: SandboxLease {
    package let id: LeaseID
    package let endpoint: SandboxEndpoint
    /// The Engine's id of it.
    package let container: String
    private let watch: EngineWatch

    init(id: LeaseID, endpoint: SandboxEndpoint, container: String, watch: EngineWatch) {
        self.id = id
        self.endpoint = endpoint
        self.container = container
        self.watch = watch
    }

    package func waitForExit() async throws(CancellationError) -> SandboxExit {
        try await watch.exit(of: container)
    }
}

extension SandboxExit {
    /// - Parameter state: `nil` when the container is gone.
    init(_ state: ContainerDetails.State?, sawOutOfMemory: Bool) {
        guard let state else {
            self.init(exitCode: nil, message: "the sandbox's container was removed")
            return
        }
        let code = state.exitCode
        let outOfMemory = code == 128 + 9 && (sawOutOfMemory || state.outOfMemory == true)
        let message =
            switch code {
            case _ where outOfMemory: "the sandbox ran out of memory and was killed"
            case nil: "the sandbox ended"
            case 0: "the runner ended"
            case 137: "the sandbox was killed"
            case .some(let code) where code > 128: "the sandbox was ended by signal \(code - 128)"
            case .some(let code): "the runner ended with code \(code)"
            }
        let reason = state.error.flatMap { $0.isEmpty ? nil : ": \(EngineError.line($0))" } ?? ""
        self.init(exitCode: code, outOfMemory: outOfMemory, message: message + reason)
    }
}
