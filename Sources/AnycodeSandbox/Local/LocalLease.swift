package import AnycodeCore
import Glibc

/// A running local sandbox.
package struct LocalLease: SandboxLease {
    package let id: LeaseID
    package let endpoint: SandboxEndpoint
    private let main: Descriptor
    /// Known when this daemon started it.
    private let outer: ChildProcess?

    init(id: LeaseID, endpoint: SandboxEndpoint, main: Descriptor, outer: ChildProcess?) {
        self.id = id
        self.endpoint = endpoint
        self.main = main
        self.outer = outer
    }

    package func waitForExit() async throws(CancellationError) -> SandboxExit {
        try await ExitWatcher.shared.exit(of: main)
        guard let outer else { return SandboxExit(exitCode: nil, message: "the sandbox is gone") }
        let code = try? await BlockingWork.run { work throws(SandboxError) in
            try outer.exit(until: .now + .seconds(2), work)
        }
        return Self.describe(code ?? nil)
    }

    static func describe(_ code: Int?) -> SandboxExit {
        switch code {
        case nil: SandboxExit(exitCode: nil, message: "the sandbox is gone")
        case 0: SandboxExit(exitCode: 0, message: "the runner ended")
        case 128 + Int(SIGKILL):
            SandboxExit(exitCode: code, message: "the sandbox was killed; often because memory ran out")
        case .some(let code) where code > 128:
            SandboxExit(exitCode: code, message: "the sandbox was ended by signal \(code - 128)")
        case .some(let code): SandboxExit(exitCode: code, message: "the runner ended with code \(code)")
        }
    }
}
