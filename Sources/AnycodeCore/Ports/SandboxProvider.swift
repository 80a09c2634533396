#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Makes sandboxes and finds them again: local, Docker, ECS, Kubernetes.
///
/// All calls are idempotent by lease id: the sandbox's name derives from it, and it is labelled with the
/// instance, so that an unknown outcome is settled by calling again.
package protocol SandboxProvider: Sendable {
    var id: ProviderID { get }

    /// Creates the sandbox and starts the runner in it, or takes over the one that exists.
    ///
    /// A sandbox that died is started again on its surviving workspace, where there is one.
    /// - Parameter progress: told in a few words what takes long ("pulling image").
    func acquire(_ spec: SandboxSpec, progress: @escaping @Sendable (String) -> Void) async throws(SandboxError)
        -> any SandboxLease

    /// Takes over a sandbox that exists and runs; `nil` when it does not.
    func adopt(_ spec: SandboxSpec) async throws(SandboxError) -> (any SandboxLease)?

    /// Every sandbox of this instance that exists in any state, running or not.
    func list() async throws(SandboxError) -> [SandboxRecord]

    /// Ends the sandbox and removes all that belongs to it. Succeeds when there is none.
    func destroy(_ lease: LeaseID) async throws(SandboxError)

    /// The end of the runner's own log; `nil` where there is none, or the provider keeps none.
    /// - Parameter limit: at most so many bytes.
    func logTail(_ lease: LeaseID, limit: Int) async throws(SandboxError) -> String?
}

extension SandboxProvider {
    package func logTail(_ lease: LeaseID, limit: Int) async throws(SandboxError) -> String? { nil }
}

/// A running sandbox in the daemon's hands.
package protocol SandboxLease: Sendable {
    var id: LeaseID { get }
    var endpoint: SandboxEndpoint { get }

    /// Returns when the sandbox is dead, with the reason; throws only when cancelled.
    func waitForExit() async throws(CancellationError) -> SandboxExit
}

/// What a sandbox must be.
package struct SandboxSpec: Hashable, Sendable {
    package let lease: LeaseID
    package let instance: InstanceID
    package let session: SessionID
    package let agent: AgentName
    /// The runner's bearer token. Never in an argument list, a label or a log.
    package let token: Secret
    /// A directory of the daemon's machine that the task clones from; readable inside, at the same path.
    package let localRepository: String?

    package init(
        lease: LeaseID, instance: InstanceID, session: SessionID, agent: AgentName, token: Secret,
        localRepository: String? = nil
    ) {
        self.lease = lease
        self.instance = instance
        self.session = session
        self.agent = agent
        self.token = token
        self.localRepository = localRepository
    }
}

/// Where a sandbox's runner listens.
package struct SandboxEndpoint: Hashable, Sendable {
    package enum Address: Hashable, Sendable {
        case unixSocket(path: String)
        /// `http://host:port` or `https://host:port`.
        case url(String)
    }

    package let address: Address
    package let token: Secret

    package init(address: Address, token: Secret) {
        self.address = address
        self.token = token
    }
}

/// A sandbox as its provider lists it.
package struct SandboxRecord: Hashable, Sendable {
    package let lease: LeaseID
    /// The provider's own name for it, for people: a container id, a directory.
    package let name: String
    package let createdAt: Date
    package let isRunning: Bool

    package init(lease: LeaseID, name: String, createdAt: Date, isRunning: Bool) {
        self.lease = lease
        self.name = name
        self.createdAt = createdAt
        self.isRunning = isRunning
    }
}

/// How a sandbox ended.
package struct SandboxExit: Hashable, Sendable {
    package let exitCode: Int?
    package let outOfMemory: Bool
    /// In words, safe to show.
    package let message: String

    package init(exitCode: Int?, outOfMemory: Bool = false, message: String) {
        self.exitCode = exitCode
        self.outOfMemory = outOfMemory
        self.message = message
    }
}

/// Why a provider's call failed.
package struct SandboxError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Trying again later is right (provider restarting, throttled, no capacity).
        case unavailable
        /// The deployment must be changed (program missing, image missing, rights).
        case misconfigured
        /// This sandbox cannot be had.
        case failed
        case cancelled
    }

    package let code: Code
    package let message: String
    /// What the operator can do.
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { hint.map { "\(message). \($0)" } ?? message }
}
