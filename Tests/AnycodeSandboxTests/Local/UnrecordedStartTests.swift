import AnycodeCore
import Foundation
import Glibc
import Testing

@testable import AnycodeSandbox

/// The daemon is killed after it started bubblewrap and before it read which process is inside.
@Suite struct UnrecordedStartTests {
    @Test func destroyEndsWhatNobodyRecorded() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            let left = try await fixture.killedStart(of: spec)
            defer { left.forEach { kill($0.pid, SIGKILL) } }
            #expect(!left.isEmpty)
            try await fixture.restarted().destroy(spec.lease)
            #expect(left.allSatisfy { !$0.isRunning })
            #expect(try await fixture.provider.list().isEmpty)
        }
    }

    @Test func theNextStartOfTheSameSandboxEndsItFirst() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            let left = try await fixture.killedStart(of: spec)
            defer { left.forEach { kill($0.pid, SIGKILL) } }
            #expect(!left.isEmpty)
            let lease = try await fixture.restarted().acquire(spec) { _ in }
            #expect(left.allSatisfy { !$0.isRunning })
            #expect(try await lease.run("echo hi") == "hi\n")
        }
    }

    @Test func sandboxesBesideItGoOn() async throws {
        try await SandboxFixture.with { fixture in
            let other = try await fixture.acquire(SandboxFixture.spec())
            let spec = SandboxFixture.spec()
            let left = try await fixture.killedStart(of: spec)
            defer { left.forEach { kill($0.pid, SIGKILL) } }
            try await fixture.restarted().destroy(spec.lease)
            #expect(try await other.run("echo alive") == "alive\n")
        }
    }
}

extension SandboxFixture {
    /// Does what a start does until the daemon is gone, and with it its ends of all pipes; what then still runs.
    fileprivate func killedStart(of spec: SandboxSpec) async throws -> [ProcessIdentity] {
        let configuration = provider.configuration
        return try await BlockingWork.run { work throws(SandboxError) in
            let directory = try LeaseDirectory(spec.lease, base: configuration.base)
            let preparation = SandboxPreparation(configuration: configuration, spec: spec, directory: directory)
            _ = try preparation.run(isolatorVersion: nil)
            let bubblewrap = Bubblewrap(
                program: try ProgramLookup.require(configuration.programs.bubblewrap, package: "bubblewrap"),
                setpriv: try ProgramLookup.require(configuration.programs.setpriv, package: "util-linux"),
                directory: directory, user: preparation.user, network: .none,
                programs: try RunnerProgram(configuration.runner).directory, readOnlyPaths: [], localRepository: nil)
            do throws(SystemError) {
                let outer = try ChildProcess(
                    bubblewrap.arguments(running: ["/bin/sh"]),
                    descriptors: [
                        Descriptor.pipe().read, nil, nil, Descriptor.pipe().write, Descriptor.pipe().read,
                        Descriptor.pipe().read,
                    ], environment: [:])
                _ = try? outer.exit(until: .now + .seconds(20), work)
            } catch {
                throw SandboxError(error, doing: "starting bubblewrap")
            }
            return ProcessTree.all().filter {
                (ProcFile.text("/proc/\($0)/cmdline") ?? "").contains(directory.workspace)
            }.compactMap { ProcessIdentity(of: $0) }
        }
    }
}
