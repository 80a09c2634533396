import AnycodeCore
import Foundation
import Glibc
import HTTPTransport
import Testing

@testable import AnycodeSandbox

@Suite struct RealEngineTests {
    @Test func bareImageGetsTheRunnerAndIsTakenOverAndEnds() async throws {
        try await EngineFixture.with(changes: ["ENTRYPOINT [\"/bin/false\"]"]) { fixture in
            let spec = fixture.spec()
            let lease = try await fixture.acquire(spec)
            #expect(try await fixture.restarted().adopt(spec)?.endpoint == lease.endpoint)
            #expect(try await fixture.acquire(spec).endpoint == lease.endpoint)
            let record = try #require(try await fixture.provider.list().first)
            #expect(record.lease == spec.lease)
            #expect(record.isRunning)
            #expect(abs(record.createdAt.timeIntervalSinceNow) < 120)
            async let exit = lease.waitForExit()
            try await fixture.provider.destroy(spec.lease)
            try await fixture.provider.destroy(spec.lease)
            #expect(try await exit.outOfMemory == false)
            #expect(try await fixture.provider.list().isEmpty)
            #expect(try await fixture.provider.adopt(spec) == nil)
        }
    }

    @Test(arguments: ["dev", "1234:1234", "4321", "root"])
    func anyUserOfTheImageOwnsTheWorkspace(_ user: String) async throws {
        let tag = "user-\(user.filter { $0 != ":" })"
        try await EngineFixture.with(tag: tag, changes: ["USER \(user)"]) { fixture in
            let spec = fixture.spec()
            _ = try await fixture.acquire(spec)
            let seen = try await fixture.run(spec, "id -u; stat -c %u /workspace/repo; touch /workspace/repo/f")
            let id = ["dev": "1234", "1234:1234": "1234", "4321": "4321", "root": "0"][user] ?? ""
            #expect(seen.output == "\(id)\n\(id)\n")
            #expect(seen.code == 0)
        }
    }

    @Test func rightsAreDroppedAndLimitsAreSet() async throws {
        try await EngineFixture.with({ $0.limits = .init(memoryBytes: 512 << 20, processors: 1.5, tasks: 77) }) {
            fixture in
            let spec = fixture.spec()
            _ = try await fixture.acquire(spec)
            let status = try await fixture.run(spec, "cat /proc/1/status; echo token=$ANYCODE_RUNNER_TOKEN")
            #expect(status.output.contains("CapEff:\t0000000000000000"))
            #expect(status.output.contains("CapBnd:\t0000000000000000"))
            #expect(status.output.contains("NoNewPrivs:\t1"))
            #expect(status.output.hasSuffix("token=\n"))
            let inspected = try await fixture.engine.send(
                EngineCall(.get, "/containers/anycode-\(spec.lease)/json"))
            let text = String(decoding: inspected.body, as: UTF8.self)
            #expect(text.contains("\"Memory\":536870912") && text.contains("\"MemorySwap\":536870912"))
            #expect(text.contains("\"PidsLimit\":77") && text.contains("\"NanoCpus\":1500000000"))
            #expect(text.contains("\"HostIp\":\"127.0.0.1\""))
        }
    }

    @Test func readOnlyRootLeavesTheWorkspaceAndTemporaryFiles() async throws {
        try await EngineFixture.with(tag: "read-only", changes: ["USER dev"], { $0.readOnlyRoot = true }) { fixture in
            let spec = fixture.spec()
            let lease = try await fixture.acquire(spec)
            let seen = try await fixture.run(
                spec, "touch /home/dev/x; touch /workspace/repo/f /workspace/home/f /tmp/f && echo fine")
            #expect(seen.output == "fine\n")
            #expect(seen.error.contains("Read-only file system"))
            try await fixture.kill(spec)
            _ = try await lease.waitForExit()
            _ = try await fixture.acquire(spec)
            #expect(try await fixture.run(spec, "ls /workspace/repo").output == "f\n")
        }
    }

    @Test func killedContainerIsToldAndGoesOnWithItsFiles() async throws {
        try await EngineFixture.with { fixture in
            let spec = fixture.spec()
            let lease = try await fixture.acquire(spec)
            _ = try await fixture.run(spec, "touch /workspace/repo/work")
            async let exit = lease.waitForExit()
            async let other = lease.waitForExit()
            try await fixture.kill(spec)
            let killed = ContinuousClock.now
            let end = try await exit
            #expect(killed.duration(to: .now) < .seconds(1))
            #expect(end.exitCode == 137)
            #expect(end.message == "the sandbox was killed")
            #expect(try await other == end)
            #expect(try await fixture.provider.adopt(spec) == nil)
            #expect(try await fixture.provider.list().map(\.isRunning) == [false])
            let again = try await fixture.acquire(spec)
            #expect(try await fixture.run(spec, "ls /workspace/repo").output == "work\n")
            async let last = again.waitForExit()
            try await fixture.engine.remove("anycode-\(spec.lease)")
            #expect(try await last.message.isEmpty == false)
        }
    }

    @Test func wantOfMemoryIsTold() async throws {
        try await EngineFixture.with({ $0.limits = .init(memoryBytes: 48 << 20) }) { fixture in
            let spec = fixture.spec()
            let lease = try await fixture.acquire(spec)
            async let exit = lease.waitForExit()
            // Shared memory counts and belongs to no process: the largest one, the runner, is killed for it.
            _ = try? await fixture.run(spec, "dd if=/dev/zero of=/dev/shm/fill bs=1048576 count=60")
            let end = try await exit
            #expect(end.outOfMemory)
            #expect(end.message == "the sandbox ran out of memory and was killed")
        }
    }

    @Test func busyPortsAreNotUsed() async throws {
        let server = try BusyPort()
        defer { server.close() }
        try await EngineFixture.with({ $0.ports = server.port...server.port }) { fixture in
            let error = try await fixture.refusal()
            #expect(error.code == .unavailable)
            #expect(error.message == "no port is free from \(server.port) to \(server.port)")
        }
    }

    @Test func portsOfTheRangeAreUsedOnce() async throws {
        guard let first = Self.freeRange(of: 3) else { return }
        try await EngineFixture.with({ $0.ports = first...first + 2 }) { fixture in
            let specs = (0..<3).map { _ in fixture.spec() }
            let addresses = try await withThrowingTaskGroup(of: SandboxEndpoint.Address.self) { group in
                for spec in specs { group.addTask { try await fixture.acquire(spec).endpoint.address } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(addresses == Set((first...first + 2).map { .url("http://127.0.0.1:\($0)") }))
            let error = try await fixture.refusal()
            #expect(error.code == .unavailable)
            try await fixture.provider.destroy(specs[1].lease)
            _ = try await fixture.acquire(fixture.spec())
        }
    }

    @Test func imageThatCannotBePulledIsNamed() async throws {
        try await EngineFixture.with({ $0.image = "127.0.0.1:1/nothing/here:1" }) { fixture in
            let error = try await fixture.refusal()
            #expect(error.message.hasPrefix("the image 127.0.0.1:1/nothing/here:1 is missing"))
            #expect(error.hint != nil)
        }
    }

    @Test func imageWithoutLibrariesIsRefusedWithAReason() async throws {
        try await EngineFixture.with(tag: "empty") { fixture in
            let error = try await fixture.refusal()
            #expect(error.code == .misconfigured)
            #expect(error.message.contains("cannot run the runner: it has no glibc"))
            #expect(error.hint?.contains("glibc 2.35") == true)
        }
    }

    @Test func unknownUserOfAnImageIsTold() async throws {
        try await EngineFixture.with(tag: "no-user", changes: ["USER nobody-here"]) { fixture in
            let error = try await fixture.refusal()
            #expect(error.code == .misconfigured)
        }
    }

    @Test func sandboxesDoNotReachEachOther() async throws {
        try await EngineFixture.with { fixture in
            let (one, other) = (fixture.spec(), fixture.spec())
            _ = try await fixture.acquire(one)
            _ = try await fixture.acquire(other)
            let address =
                try await fixture.run(other, "while read a b; do echo $a; done < /etc/hosts").output
                .split(separator: "\n").last.map(String.init) ?? ""
            #expect(address.split(separator: ".").count == 4)
            let connect = "timeout 2 bash -c 'exec 3<>/dev/tcp/\(address)/2468' && echo connected"
            #expect(try await fixture.run(other, connect).output == "connected\n")
            #expect(try await fixture.run(one, connect).output == "")
        }
    }

    @Test func localRepositoryIsReadableAtItsOwnPath() async throws {
        let directory = "/tmp/anycode-test-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data("here".utf8).write(to: URL(filePath: "\(directory)/file"))
        try await EngineFixture.with { fixture in
            let spec = fixture.spec(localRepository: directory)
            _ = try await fixture.acquire(spec)
            let seen = try await fixture.run(spec, "cat \(directory)/file; touch \(directory)/new")
            #expect(seen.output == "here")
            #expect(seen.error.contains("Read-only"))
        }
    }

    @Test func commandsHaveTwoStreamsAndAnExitCode() async throws {
        try await EngineFixture.with { fixture in
            let spec = fixture.spec()
            _ = try await fixture.acquire(spec)
            let seen = try await fixture.run(spec, "echo out; echo err >&2; exit 7")
            #expect(seen == ("out\n", "err\n", 7))
            let large = try await fixture.run(spec, "dd if=/dev/zero bs=65536 count=64 2>/dev/null")
            #expect(large.output.utf8.count == 64 * 65536)
            #expect(try await fixture.provider.logs(of: spec.lease)?.contains("Serving on tcp:0.0.0.0:2468") == true)
        }
    }

    @Test func containersOfAnotherInstanceAreLeftAlone() async throws {
        try await EngineFixture.with { fixture in
            let spec = fixture.spec()
            _ = try await fixture.acquire(spec)
            var configuration = fixture.provider.configuration
            configuration.instance = InstanceID("other")
            let other = DockerSandboxProvider(configuration, http: fixture.http)
            #expect(try await other.list().isEmpty)
            await #expect(throws: SandboxError.self) { try await other.destroy(spec.lease) }
            await #expect(throws: SandboxError.self) { _ = try await other.adopt(spec) }
        }
    }

    @Test func foreignTokenIsRefused() async throws {
        try await EngineFixture.with { fixture in
            let spec = fixture.spec()
            _ = try await fixture.acquire(spec)
            let stranger = SandboxSpec(
                lease: spec.lease, instance: spec.instance, session: spec.session, agent: spec.agent,
                token: Secret(String(repeating: "f", count: 64)))
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.provider.adopt(stranger) }
            #expect(error?.message == "the sandbox runs but refuses this instance's token")
        }
    }

    @Test func cancelledStartLeavesNothingBehind() async throws {
        try await EngineFixture.with { fixture in
            let spec = fixture.spec()
            let start = Task { _ = try await fixture.acquire(spec) }
            start.cancel()
            let error = await #expect(throws: SandboxError.self) { try await start.value }
            #expect(error?.code == .cancelled)
            let left = try await fixture.provider.list()
            #expect(left.isEmpty)
        }
    }

    @Test func machinesNetworkIsUsedWhenAskedFor() async throws {
        try await EngineFixture.with({ $0.network = .host }) { fixture in
            let spec = fixture.spec()
            let lease = try await fixture.acquire(spec)
            #expect(try await fixture.restarted().adopt(spec)?.endpoint == lease.endpoint)
        }
    }

    @Test func missingNetworkIsNamed() async throws {
        try await EngineFixture.with({ $0.network = .existing(name: "no-such-net") }) { fixture in
            let error = try await fixture.refusal()
            #expect(error.message == "the network no-such-net does not exist")
        }
    }

    @Test func manyStartAndEndTogether() async throws {
        try await EngineFixture.with { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let spec = fixture.spec()
                        let lease = try await fixture.acquire(spec)
                        async let exit = lease.waitForExit()
                        try await fixture.provider.destroy(spec.lease)
                        _ = try await exit
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.provider.list().isEmpty)
        }
    }

    private static func freeRange(of count: Int) -> Int? {
        (0..<50).lazy.map { _ in Int.random(in: 20000...32000) }
            .first { first in (first..<first + count).allSatisfy(HostPorts.isFree) }
    }
}

/// A port on which this test listens.
struct BusyPort: Sendable {
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) + listen(descriptor, 4) + getsockname(descriptor, $0, &length)
            }
        }
        guard result == 0 else { throw POSIXError(.EADDRINUSE) }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func close() {
        Glibc.close(descriptor)
    }
}
