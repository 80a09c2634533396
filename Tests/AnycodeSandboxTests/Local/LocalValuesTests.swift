import AnycodeCore
import Foundation
import Glibc
import Testing

@testable import AnycodeSandbox

@Suite struct LocalValuesTests {
    @Test func processNamesMayHoldAnything() throws {
        let fields = (4...52).map(String.init).joined(separator: " ")
        let status = try #require(ProcessStatus(parsing: "12 (a) b (c)) S \(fields)"))
        #expect(status.state == "S")
        #expect(status.parent == 4)
        #expect(status.session == 6)
        #expect(status.startTime == 22)
        #expect(ProcessStatus(parsing: "nonsense") == nil)
    }

    @Test func identityOfAnEarlierProcessOpensNothing() throws {
        let mine = try #require(ProcessIdentity(of: getpid()))
        #expect(mine.isRunning)
        let text = String(decoding: try JSONEncoder().encode(mine), as: UTF8.self)
        let earlier = text.replacingOccurrences(of: "\(mine.startTime)", with: "\(mine.startTime - 1)")
        #expect(try JSONDecoder().decode(ProcessIdentity.self, from: Data(earlier.utf8)).isRunning == false)
    }

    @Test func eachLeaseOfRootHasItsOwnUser() {
        let whole = "         0          0 4294967295\n"
        let a = SandboxUser.number(for: LeaseID("a"), map: whole)
        #expect(a == SandboxUser.number(for: LeaseID("a"), map: whole))
        #expect(a != SandboxUser.number(for: LeaseID("b"), map: whole))
        #expect(a >= 0x7000_0000)
        #expect((61_000..<65_000).contains(SandboxUser.number(for: LeaseID("a"), map: "0 100000 65536\n")))
    }

    @Test func systemdGetsTheLimitsAndTheUnitOfTheLease() {
        let limits = LocalSandboxProvider.Limits(memoryBytes: 1024, tasks: 7, processors: 1.5)
        let limiter = Limiter(limits: limits, systemd: .init(program: "/usr/bin/systemd-run", forUser: true))
        #expect(
            limiter.wrap(["bwrap", "x"], unit: "abc") == [
                "/usr/bin/systemd-run", "--user", "--scope", "--quiet", "--collect", "--unit", "anycode-abc",
                "--slice", "anycode.slice", "--property", "MemoryMax=1024", "--property", "MemorySwapMax=0",
                "--property", "TasksMax=7", "--property", "CPUQuota=150%", "--", "bwrap", "x",
            ])
        #expect(limiter.limitsOff(user: .caller).isEmpty)
    }

    @Test func withoutSystemdTheLimitsThatAreOffAreNamed() {
        let limits = LocalSandboxProvider.Limits(memoryBytes: 2 << 20, tasks: 7, processors: 1.5)
        let limiter = Limiter(limits: limits, systemd: nil)
        #expect(limiter.wrap(["bwrap"], unit: "abc") == ["bwrap"])
        #expect(limiter.limitsOff(user: .caller) == ["memory (2 MiB)", "tasks (7)", "processors (1.5)"])
        #expect(limiter.limitsOff(user: .own(1)) == ["memory (2 MiB)", "processors (1.5)"])
    }

    @Test func refusedNamespacesAreExplained() {
        func hint(_ files: [String: String], isRoot: Bool = false) -> String {
            IsolationFailure.hint("setting up uid map: Permission denied", read: { files[$0] }, isRoot: isRoot)
        }
        let appArmor = hint(["/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"])
        #expect(appArmor.contains("/etc/apparmor.d/bwrap"))
        #expect(appArmor.contains("kernel.apparmor_restrict_unprivileged_userns=0"))
        #expect(hint(["/proc/sys/user/max_user_namespaces": "0\n"]).contains("user.max_user_namespaces"))
        #expect(hint(["/proc/sys/kernel/unprivileged_userns_clone": "0\n"]).contains("unprivileged_userns_clone=1"))
        #expect(hint(["/run/.containerenv": "x"]).contains("--privileged"))
    }

    @Test func resolverIsReadAsTheSystemReadsIt() {
        let settings = ResolverSettings(parsing: "# x\nnameserver 1.1.1.1\nsearch a b\nnameserver ::1\n")
        #expect(settings.nameservers == ["1.1.1.1", "::1"])
        #expect(settings.search == "a b")
        #expect(settings.nameservers(for: .private) == [PrivateNetwork.resolver])
        #expect(settings.nameservers(for: .none).isEmpty)
    }

    @Test func leaseIdsThatAreNoNamesAreRefused() {
        for name in ["", ".", "..", "a/b", "a b", String(repeating: "a", count: 65)] {
            #expect(throws: SandboxError.self) { _ = try LeaseDirectory(LeaseID(name), base: "/b") }
        }
        #expect(throws: SandboxError.self) {
            _ = try LeaseDirectory(LeaseID("a"), base: "/" + String(repeating: "b", count: 101))
        }
    }

    @Test func endsAreToldInWords() {
        #expect(LocalLease.describe(0).message == "the runner ended")
        #expect(LocalLease.describe(137).message.contains("memory"))
        #expect(LocalLease.describe(134).message == "the sandbox was ended by signal 6")
        #expect(LocalLease.describe(2).exitCode == 2)
        #expect(LocalLease.describe(nil).message == "the sandbox is gone")
    }

    @Test func closingRoutesCoverBothFamilies() {
        #expect(
            PrivateNetwork.closing(addresses: ["1.2.3.4", "fd00::1"]) == [
                "route replace unreachable 1.2.3.4", "route replace unreachable fd00::1",
            ])
    }

    @Test func sandboxesOfRootAreKeptWithTheSystemsData() {
        typealias Configuration = LocalSandboxProvider.Configuration
        let home = ["HOME": "/home/ana"]
        #expect(Configuration.defaultBase(environment: home, isRoot: true) == "/var/lib/anycode/sandboxes")
        #expect(
            Configuration.defaultBase(environment: home, isRoot: false)
                == "/home/ana/.local/share/anycode/sandboxes")
        let data = ["XDG_DATA_HOME": "/d"]
        #expect(Configuration.defaultBase(environment: data, isRoot: false) == "/d/anycode/sandboxes")
        #expect(Configuration.defaultBase(environment: [:], isRoot: false) == nil)
    }

    @Test func surroundingsNameWhatIsOff() async throws {
        let fixture = try SandboxFixture()
        let surroundings = try await fixture.provider.surroundings()
        #expect(surroundings.freeSpace ?? 0 > 0)
        if !surroundings.usesSystemd { #expect(surroundings.limitsOff.first?.hasPrefix("memory") == true) }
        try await fixture.finish()
    }
}
