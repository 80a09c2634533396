import AnycodeCore
import Foundation
import Testing

@testable import AnycodeSandbox

@Suite struct RealRunnerTests {
    /// Beside the tests, or where `ANYCODE_RUNNER` says.
    private static var runner: String? {
        let beside = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        let candidates = [ProcessInfo.processInfo.environment["ANYCODE_RUNNER"], "\(beside)/anycode-runner"]
        return candidates.compactMap(\.self).first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    @Test(arguments: [LocalSandboxProvider.Isolation.bubblewrap, .none])
    func theRealRunnerServesAndIsTakenOver(_ isolation: LocalSandboxProvider.Isolation) async throws {
        guard let runner = Self.runner else { return SandboxFixture.skip("local sandbox: anycode-runner is not built") }
        try await SandboxFixture.with({
            $0.runner = runner
            $0.isolation = isolation
        }) { fixture in
            let spec = SandboxFixture.spec(String(repeating: "0123456789abcdef", count: 4))
            let lease = try await fixture.acquire(spec)
            #expect(try await fixture.restarted().adopt(spec)?.endpoint == lease.endpoint)
            async let exit = lease.waitForExit()
            try await fixture.provider.destroy(spec.lease)
            #expect(try await exit.exitCode == 0)
        }
    }
}
