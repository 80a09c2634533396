import AnycodeCore
import Foundation
import Glibc
import Testing

@testable import AnycodeSandbox

@Suite struct PrivateNetworkTests {
    private static func privately(_ body: (SandboxFixture) async throws -> Void) async throws {
        try await SandboxFixture.with({ $0.network = .private }, body)
    }

    /// Prints `open` or why not.
    private static func connecting(to address: String) -> String {
        "timeout 3 perl -MIO::Socket::INET -e "
            + "'print IO::Socket::INET->new(\"\(address)\") ? \"open\" : $!{EHOSTUNREACH} ? \"No route to host\" : $!'"
    }

    @Test func reachesOutThroughAnInterfaceOfItsOwn() async throws {
        try await Self.privately { fixture in
            let lease = try await fixture.acquire(SandboxFixture.spec(agent: "coder"))
            let interfaces = try await lease.run("cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' ' | sort")
            #expect(interfaces.split(separator: "\n").count == 2)
            #expect(try await lease.run("awk '$2 == \"00000000\" && $4 != \"0200\"' /proc/net/route | wc -l") != "0\n")
            #expect(try await lease.run("cat /etc/resolv.conf").hasPrefix("nameserver \(PrivateNetwork.resolver)\n"))
        }
    }

    @Test func loopbackListenersOfTheMachineAreOutOfReach() async throws {
        try await Self.privately { fixture in
            let listener = try Listener()
            let lease = try await fixture.acquire(SandboxFixture.spec(agent: "coder"))
            let addresses = ["127.0.0.1"] + PrivateNetwork.machineAddresses().filter { !$0.contains(":") }
            for address in addresses {
                #expect(try await lease.run(Self.connecting(to: "\(address):\(listener.port)")) != "open")
            }
            withExtendedLifetime(listener) {}
        }
    }

    @Test func abstractSocketsOfTheMachineAreOutOfReach() async throws {
        try await Self.privately { fixture in
            let name = "anycode-test-\(UInt32.random(in: .min ... .max))"
            let listener = try AbstractListener(name)
            let lease = try await fixture.acquire(SandboxFixture.spec(agent: "coder"))
            #expect(try await lease.run("grep -c \(name) /proc/net/unix") == "0\n")
            withExtendedLifetime(listener) {}
        }
    }

    @Test func metadataServicesAreUnreachable() async throws {
        try await Self.privately { fixture in
            let lease = try await fixture.acquire(SandboxFixture.spec(agent: "coder"))
            #expect(try await lease.run(Self.connecting(to: "169.254.169.254:80")) == "No route to host")
        }
    }

    @Test func connectionEndsWithTheSandbox() async throws {
        try await Self.privately { fixture in
            let spec = SandboxFixture.spec(agent: "coder")
            _ = try await fixture.acquire(spec)
            let record = try #require(LeaseRecord.read("\(fixture.base)/\(spec.lease)/lease.json"))
            let guardian = try #require(record.guardian?.open())
            let helpers = ProcessTree.descendants(of: try #require(record.guardian).pid).compactMap {
                try? Descriptor.process($0)
            }
            #expect(helpers.count >= 2)
            kill(try #require(record.main).pid, SIGKILL)
            for process in [guardian] + helpers { try await ExitWatcher.shared.exit(of: process) }
        }
    }

    @Test func withoutNetworkThereIsOnlyLoopback() async throws {
        try await SandboxFixture.with { fixture in
            let lease = try await fixture.acquire(SandboxFixture.spec())
            #expect(try await lease.run("cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '") == "lo\n")
        }
    }

    @Test func hostNetworkIsSharedWhenAskedFor() async throws {
        try await SandboxFixture.with({ $0.network = .host }) { fixture in
            let lease = try await fixture.acquire(SandboxFixture.spec(agent: "coder"))
            let outside = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
            #expect(try await lease.run("readlink /proc/self/ns/net") == "\(outside)\n")
        }
    }

    @Test func demoAgentHasNoNetworkUnlessConfigured() {
        var configuration = LocalSandboxProvider.Configuration(instance: InstanceID("i"), base: "/b", runner: "/r")
        #expect(configuration.network(for: AgentName("demo")) == .none)
        #expect(configuration.network(for: AgentName("goose")) == .private)
        configuration.agentNetworks = [:]
        #expect(configuration.network(for: AgentName("demo")) == .private)
    }
}

/// Listens on every address of the machine.
private struct Listener: Sendable {
    let descriptor: Descriptor
    let port: UInt16

    init() throws {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard raw >= 0 else { throw SystemError("socket") }
        descriptor = Descriptor(owning: raw)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, size) == 0 && listen(raw, 8) == 0 && getsockname(raw, $0, &size) == 0
            }
        }
        guard result else { throw SystemError("listen") }
        port = UInt16(bigEndian: address.sin_port)
    }
}

private struct AbstractListener: Sendable {
    let descriptor: Descriptor

    init(_ name: String) throws {
        let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard raw >= 0 else { throw SystemError("socket") }
        descriptor = Descriptor(owning: raw)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = [0] + Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, size) == 0 && listen(raw, 1) == 0
            }
        }
        guard result else { throw SystemError("listen") }
    }
}
