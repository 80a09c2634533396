import AnycodeCore
import Foundation
import Glibc
import Testing

@testable import AnycodeSandbox

@Suite struct LocalSandboxProviderTests {
    @Test func acquiredSandboxAnswersAndDestroyLeavesNothing() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            let lease = try await fixture.acquire(spec)
            #expect(try await lease.run("pwd") == "/workspace/repo\n")
            #expect(try await fixture.provider.list().map(\.isRunning) == [true])
            let record = try #require(LeaseRecord.read("\(fixture.base)/\(spec.lease)/lease.json"))
            try await fixture.provider.destroy(spec.lease)
            #expect(record.main?.isRunning == false)
            #expect(record.guardian?.isRunning == false)
            #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.base).isEmpty)
            try await fixture.provider.destroy(spec.lease)
        }
    }

    @Test func insideIsAnUnprivilegedUserWithFiveVariables() async throws {
        try await SandboxFixture.with { fixture in
            let lease = try await fixture.acquire(SandboxFixture.spec())
            #expect(try await lease.run("id -u; id -g; id -G") == "1000\n1000\n1000\n")
            let status = try await lease.run("grep -E 'Cap|NoNewPrivs' /proc/self/status | tr -s '\\t' ' '")
            #expect(status.contains("NoNewPrivs: 1"))
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                #expect(status.contains("\(set): 0000000000000000"))
            }
            let names = try await lease.run("tr '\\0' '\\n' </proc/$PPID/environ | cut -d= -f1 | sort | tr '\\n' ' '")
            #expect(names == "HOME LANG PATH PWD TERM USER " || names == "HOME LANG PATH TERM USER ")
        }
    }

    @Test func nothingOfTheMachineButItsSystemIsReachable() async throws {
        try await SandboxFixture.with { fixture in
            let other = SandboxFixture.spec()
            _ = try await fixture.acquire(other)
            let lease = try await fixture.acquire(SandboxFixture.spec())
            let absent = "/root /etc/shadow /etc/ssh /etc/ssl/private /var/lib"
            #expect(try await lease.run("ls -A \(absent) 2>&1 | grep -c 'cannot access'") == "5\n")
            #expect(try await lease.run("ls \(fixture.directory)").contains("No such file"))
            #expect(
                try await lease.run("ls /home; ls -A /tmp | wc -l; ls /run /run/anycode | tr '\\n' ' '")
                    == "agent\n0\n/run: anycode  /run/anycode: bin socket state ")
            let fixed = "/usr/x /x /etc/x /run/x /run/anycode/bin/x"
            #expect(try await lease.run("touch \(fixed) 2>&1 | grep -c touch") == "5\n")
            #expect(try await lease.run("touch /workspace/repo/x ~/x /tmp/x /dev/shm/x && echo yes") == "yes\n")
            #expect(try await lease.run("cat /proc/1/environ 2>&1 | grep -c 'secret[-]token'") == "0\n")
            #expect(try await lease.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'secret[-]token'") == "0\n")
        }
    }

    @Test func eachNamespaceIsItsOwn() async throws {
        try await SandboxFixture.with { fixture in
            let lease = try await fixture.acquire(SandboxFixture.spec())
            for name in ["pid", "mnt", "ipc", "uts", "user", "net"] {
                let inside = try await lease.run("readlink /proc/self/ns/\(name)").trimmingCharacters(in: .newlines)
                let outside = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\(name)")
                #expect(inside.hasPrefix("\(name):["))
                #expect(inside != outside)
            }
        }
    }

    @Test func localRepositoryIsReadableAtItsPathAndNotWritable() async throws {
        try await SandboxFixture.with { fixture in
            let repository = "\(fixture.directory)/repo"
            try FileManager.default.createDirectory(atPath: repository, withIntermediateDirectories: true)
            chmod(repository, 0o755)
            try "hello".write(toFile: "\(repository)/a", atomically: true, encoding: .utf8)
            let lease = try await fixture.acquire(SandboxFixture.spec(localRepository: repository))
            #expect(try await lease.run("cat \(repository)/a") == "hello")
            #expect(try await lease.run("touch \(repository)/b").contains("Read-only file system"))
            await #expect(throws: SandboxError.self) {
                _ = try await fixture.acquire(SandboxFixture.spec(localRepository: fixture.directory))
            }
        }
    }

    @Test func anotherDaemonAdoptsWhatRuns() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            let first = try await fixture.acquire(spec)
            _ = try await first.run("echo kept >~/note")
            let next = fixture.restarted()
            let adopted = try #require(try await next.adopt(spec))
            #expect(adopted.endpoint == first.endpoint)
            #expect(try await adopted.run("cat ~/note") == "kept\n")
            let again = try await next.acquire(spec) { _ in }
            #expect(try await again.run("cat /run/anycode/state/events") == "start\n")
            let record = try #require(LeaseRecord.read("\(fixture.base)/\(spec.lease)/lease.json"))
            async let exit = adopted.waitForExit()
            kill(try #require(record.main).pid, SIGKILL)
            #expect(try await exit.exitCode == nil)
            #expect(try await next.adopt(spec) == nil)
        }
    }

    @Test func adoptionNeedsTheRightToken() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            _ = try await fixture.acquire(spec)
            let wrong = SandboxSpec(
                lease: spec.lease, instance: spec.instance, session: spec.session, agent: spec.agent,
                token: Secret("another"))
            await #expect(throws: SandboxError.self) { _ = try await fixture.restarted().adopt(wrong) }
        }
    }

    @Test func killingTheOuterProgramLeavesTheSandboxRunning() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            let lease = try await fixture.acquire(spec)
            let record = try #require(LeaseRecord.read("\(fixture.base)/\(spec.lease)/lease.json"))
            let main = try #require(record.main)
            let outer = try #require(ProcessStatus(of: main.pid)).parent
            kill(outer, SIGKILL)
            #expect(try await lease.run("echo alive") == "alive\n")
            #expect(try await fixture.restarted().adopt(spec) != nil)
        }
    }

    @Test func deadSandboxStartsAgainOnWhatItLeft() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            let lease = try await fixture.acquire(spec)
            _ = try await lease.run("echo work >result")
            async let exit = lease.waitForExit()
            _ = try? await lease.run("exit 9")
            #expect(try await exit.exitCode == 9)
            #expect(try await fixture.provider.list().map(\.isRunning) == [false])
            #expect(try await fixture.provider.adopt(spec) == nil)
            let second = try await fixture.acquire(spec)
            #expect(try await second.run("cat result /run/anycode/state/events") == "work\nstart\nstart\n")
        }
    }

    @Test func destroyKillsWhatWillNotEnd() async throws {
        try await SandboxFixture.with({ $0.grace = .milliseconds(50) }) { fixture in
            let spec = SandboxFixture.spec()
            let lease = try await fixture.acquire(spec)
            _ = try await lease.run("setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo")
            _ = try await lease.run("ignore-term")
            let record = try #require(LeaseRecord.read("\(fixture.base)/\(spec.lease)/lease.json"))
            let below = ProcessTree.descendants(of: try #require(record.main).pid)
            #expect(below.count >= 2)
            try await fixture.provider.destroy(spec.lease)
            #expect(below.allSatisfy { ProcessIdentity(of: $0) == nil })
        }
    }

    @Test func politeEndIsGivenToTheRunner() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            let lease = try await fixture.acquire(spec)
            async let exit = lease.waitForExit()
            try await fixture.provider.destroy(spec.lease)
            #expect(try await exit == SandboxExit(exitCode: 0, message: "the runner ended"))
        }
    }

    @Test func failedStartTellsWhatTheRunnerSaid() async throws {
        try await SandboxFixture.with { fixture in
            let error = await #expect(throws: SandboxError.self) {
                _ = try await fixture.acquire(SandboxFixture.spec("broken"))
            }
            #expect(error?.message.contains("the runner is broken") == true)
            #expect(error?.message.contains("exit code 7") == true)
        }
    }

    @Test func silentRunnerEndsAtTheDeadline() async throws {
        try await SandboxFixture.with({ $0.startTimeout = .milliseconds(900) }) { fixture in
            let spec = SandboxFixture.spec("deaf")
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.acquire(spec) }
            #expect(error?.message.contains("did not answer in time") == true)
            let record = try #require(LeaseRecord.read("\(fixture.base)/\(spec.lease)/lease.json"))
            let main = record.main?.open()
            if let main { try await ExitWatcher.shared.exit(of: main) }
            #expect(record.main?.isRunning == false)
        }
    }

    @Test func cancelledStartLeavesNoProcess() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec("deaf")
            let error = try await withThrowingTaskGroup(of: SandboxError?.self) { group in
                group.addTask {
                    do throws(SandboxError) {
                        _ = try await fixture.provider.acquire(spec) { _ in }
                        return nil
                    } catch {
                        return error
                    }
                }
                group.cancelAll()
                return try await group.next() ?? nil
            }
            #expect(error?.code == .cancelled)
            try await fixture.provider.destroy(spec.lease)
            #expect(try await fixture.provider.list().isEmpty)
        }
    }

    @Test func halfMadeDirectoriesAreFoundAndRemoved() async throws {
        try await SandboxFixture.with { fixture in
            let lease = SandboxFixture.spec().lease
            try FileManager.default.createDirectory(
                atPath: "\(fixture.base)/\(lease)/home/x", withIntermediateDirectories: true)
            #expect(try await fixture.provider.list().map(\.lease) == [lease])
            try await fixture.provider.destroy(lease)
            #expect(try await fixture.provider.list().isEmpty)
        }
    }

    @Test func recordThatCannotBeReadIsNeverGuessedAt() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            let directory = "\(fixture.base)/\(spec.lease)"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try "{\"format\": 99}".write(toFile: "\(directory)/lease.json", atomically: true, encoding: .utf8)
            await #expect(throws: SandboxError.self) { try await fixture.provider.destroy(spec.lease) }
            await #expect(throws: SandboxError.self) { _ = try await fixture.acquire(spec) }
            #expect(try await fixture.provider.list().map(\.lease) == [spec.lease])
            try FileManager.default.removeItem(atPath: directory)
        }
    }

    @Test func sandboxesOfAnotherInstanceAreLeftAlone() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            _ = try await fixture.acquire(spec)
            var configuration = fixture.provider.configuration
            configuration.instance = InstanceID("other")
            let other = LocalSandboxProvider(configuration)
            #expect(try await other.list().isEmpty)
            await #expect(throws: SandboxError.self) { try await other.destroy(spec.lease) }
        }
    }

    @Test func linkInPlaceOfTheSocketIsNotFollowed() async throws {
        try await SandboxFixture.with { fixture in
            let spec = SandboxFixture.spec()
            let lease = try await fixture.acquire(spec)
            _ = try await lease.run("ln -sf /etc/passwd /run/anycode/socket/runner.sock && echo")
            let adopted = try #require(try await fixture.restarted().adopt(spec))
            #expect(try await adopted.run("echo still") == "still\n")
        }
    }

    @Test func fullDiskIsToldBeforeAnythingStarts() async throws {
        try await SandboxFixture.with({ $0.minimumFreeSpace = .max }) { fixture in
            let error = await #expect(throws: SandboxError.self) {
                _ = try await fixture.acquire(SandboxFixture.spec())
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("MiB are free") == true)
        }
    }

    @Test func missingProgramsAreNamedWithTheirPackages() async throws {
        let fixture = try SandboxFixture { $0.programs.bubblewrap = "no-such-bwrap" }
        let error = await #expect(throws: SandboxError.self) { _ = try await fixture.acquire(SandboxFixture.spec()) }
        #expect(error?.code == .misconfigured)
        #expect(error?.hint?.contains("package bubblewrap") == true)
        try await fixture.finish()
        try await SandboxFixture.with({ $0.programs.pasta = "no-such-pasta" }) { fixture in
            var configuration = fixture.provider.configuration
            configuration.network = .private
            configuration.agentNetworks = [:]
            let provider = LocalSandboxProvider(configuration)
            let error = await #expect(throws: SandboxError.self) {
                _ = try await provider.acquire(SandboxFixture.spec()) { _ in }
            }
            #expect(error?.code == .misconfigured)
            #expect(error?.hint?.contains("package passt") == true)
            #expect(error?.hint?.contains("network = \"none\"") == true)
        }
    }

    @Test func withoutIsolationTheSameLifeGoesOn() async throws {
        try await SandboxFixture.with({
            $0.isolation = .none
            $0.grace = .milliseconds(200)
        }) { fixture in
            let spec = SandboxFixture.spec()
            let lease = try await fixture.acquire(spec)
            #expect(try await lease.run("echo $HOME") == "\(fixture.base)/\(spec.lease)/home\n")
            _ = try await lease.run("sleep 1000 >/dev/null 2>&1 </dev/null & echo")
            let record = try #require(LeaseRecord.read("\(fixture.base)/\(spec.lease)/lease.json"))
            let below = ProcessTree.descendants(of: try #require(record.main).pid)
            #expect(try await fixture.restarted().adopt(spec) != nil)
            try await fixture.provider.destroy(spec.lease)
            #expect(record.main?.isRunning == false)
            #expect(below.allSatisfy { ProcessIdentity(of: $0) == nil })
        }
    }

    @Test func underSystemdEachSandboxIsAScope() async throws {
        try await SandboxFixture.with { fixture in
            let program = "\(fixture.directory)/bin/systemd-run"
            try """
            #!/bin/sh
            echo "$@" >>"\(fixture.directory)/scopes"
            while [ "$1" != -- ]; do shift; done; shift
            exec "$@"
            """.write(toFile: program, atomically: true, encoding: .utf8)
            chmod(program, 0o755)
            var configuration = fixture.provider.configuration
            configuration.programs.systemdRun = program
            let provider = LocalSandboxProvider(configuration)
            let surroundings = try await provider.surroundings()
            #expect(surroundings.usesSystemd)
            #expect(surroundings.limitsOff.isEmpty)
            let spec = SandboxFixture.spec()
            let lease = try await provider.acquire(spec) { _ in }
            #expect(try await lease.run("echo hi") == "hi\n")
            let scopes = try String(contentsOfFile: "\(fixture.directory)/scopes", encoding: .utf8)
            #expect(scopes.contains("--unit anycode-\(spec.lease) --slice anycode.slice"))
            #expect(scopes.contains("--unit anycode-\(spec.lease)-guardian"))
            #expect(scopes.contains("MemoryMax="))
        }
    }

    @Test func manySandboxesStartAndEndTogether() async throws {
        try await SandboxFixture.with { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let spec = SandboxFixture.spec()
                        let lease = try await fixture.acquire(spec)
                        #expect(try await lease.run("echo hi") == "hi\n")
                        try await fixture.provider.destroy(spec.lease)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.provider.list().isEmpty)
        }
    }
}
