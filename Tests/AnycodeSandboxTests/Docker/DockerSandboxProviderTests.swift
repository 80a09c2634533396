import AnycodeCore
import Foundation
import HTTPTestSupport
import HTTPTransport
import Synchronization
import Testing

@testable import AnycodeSandbox

/// Against a fake Engine: what a real one does not do on demand.
@Suite struct DockerSandboxProviderTests {
    private struct Fixture {
        let engine: FakeEngine
        let provider: DockerSandboxProvider
        let spec = SandboxFixture.spec()

        func acquire() async throws -> any SandboxLease { try await provider.acquire(spec) { _ in } }
    }

    private static func with(
        _ adjust: (inout DockerSandboxProvider.Configuration) -> Void = { _ in },
        _ body: (Fixture) async throws -> Void
    ) async throws {
        let http = try HTTPClient()
        let engine = try FakeEngine()
        var configuration = DockerSandboxProvider.Configuration(
            instance: InstanceID("test"), host: DockerHost(.unixSocket(path: engine.socket)), image: "plain:1",
            runner: .automatic(path: "/bin/true"), ports: nil, grace: .seconds(1))
        adjust(&configuration)
        var failure: (any Error)?
        do {
            try await body(Fixture(engine: engine, provider: DockerSandboxProvider(configuration, http: http)))
        } catch {
            failure = error
        }
        engine.finish()
        await http.shutdown()
        if let failure { throw failure }
    }

    /// Why no sandbox can be had; checks that none is left.
    private static func refusal(_ fixture: Fixture) async throws -> SandboxError {
        do {
            _ = try await fixture.acquire()
        } catch let error as SandboxError {
            try #require(fixture.engine.containers.isEmpty)
            return error
        }
        throw SandboxError(.failed, "it succeeded")
    }

    @Test func networksOfOneNameThatOthersLeftAreTidied() async throws {
        try await Self.with { fixture in
            for id in ["net-2", "net-1", "net-3"] { fixture.engine.addNetwork("anycode", id: id) }
            _ = try await fixture.acquire()
            #expect(fixture.engine.networks == ["net-1"])
        }
    }

    @Test(arguments: [("1.24", "1.40"), ("1.24", "1.41"), ("1.44", "1.52"), ("1.40", "1.99")])
    func enginesOfAllAgesAreSpokenTo(_ lowest: String, _ highest: String) async throws {
        try await Self.with { fixture in
            fixture.engine.speak(lowest, highest)
            _ = try await fixture.acquire()
            try await fixture.provider.destroy(fixture.spec.lease)
            #expect(fixture.engine.containers.isEmpty)
        }
    }

    @Test(arguments: [("1.12", "1.39"), ("1.90", "1.99")])
    func enginesTooOldOrTooNewAreRefused(_ lowest: String, _ highest: String) async throws {
        try await Self.with { fixture in
            fixture.engine.speak(lowest, highest)
            let error = try await Self.refusal(fixture)
            #expect(error.code == .misconfigured)
            #expect(error.message.contains("update"))
        }
    }

    @Test func replacedEngineIsAskedForItsVersionAgain() async throws {
        try await Self.with { fixture in
            _ = try await fixture.acquire()
            fixture.engine.speak("1.44", "1.52")
            #expect(try await fixture.provider.list().count == 1)
        }
    }

    @Test func runnerAndWorkspaceArePutInBeforeTheStart() async throws {
        try await Self.with { fixture in
            _ = try await fixture.acquire()
            let container = try #require(fixture.engine.containers.first)
            #expect(container.name == "anycode-\(fixture.spec.lease)")
            #expect(
                container.labels == [
                    "anycode": "true", "anycode.agent": "demo", "anycode.instance": "test",
                    "anycode.lease": fixture.spec.lease.rawValue, "anycode.session": "session",
                ])
            #expect(container.files.contains(".anycode/bin/anycode-runner"))
            #expect(container.files.contains("workspace/repo/"))
        }
    }

    @Test func bakedImageIsLeftAsItIs() async throws {
        try await Self.with({ $0.runner = .baked }) { fixture in
            _ = try await fixture.acquire()
            #expect(fixture.engine.containers.first?.files.isEmpty == true)
        }
    }

    @Test func missingImageIsPulledAndTold() async throws {
        try await Self.with({ $0.image = "registry.example:5000/team/tool" }) { fixture in
            fixture.engine.pulling([
                #"{"status":"Pulling from team/tool","id":"latest"}"#,
                #"{"status":"Downloading","progressDetail":{"current":5000000,"total":20000000},"id":"a"}"#,
                #"{"status":"Downloading","progressDetail":{"current":5100000,"total":20000000},"id":"a"}"#,
                #"{"status":"Pull complete","progressDetail":{},"id":"a"}"#,
            ])
            fixture.engine.fail("GET /images/registry.example:5000/team/tool/json", .status(404, "No such image"))
            let told = Mutex<[String]>([])
            let error = await #expect(throws: SandboxError.self) {
                _ = try await fixture.provider.acquire(fixture.spec) { words in told.withLock { $0.append(words) } }
            }
            // The fake knows images by their tag.
            #expect(error?.message.contains("gone again") == true)
            let name = "registry.example:5000/team/tool"
            #expect(
                told.withLock { $0 } == [
                    "pulling image \(name)", "pulling image \(name): 5 of 20 MB", "pulling image \(name): 20 of 20 MB",
                ])
        }
    }

    @Test func pullThatFailsUnderWayIsAClearError() async throws {
        try await Self.with({ $0.image = "anycode-sandbox:latest" }) { fixture in
            fixture.engine.pulling([#"{"errorDetail":{"message":"pull access denied"},"error":"pull access denied"}"#])
            let error = try await Self.refusal(fixture)
            #expect(error.code == .misconfigured)
            #expect(error.message.contains("pull access denied"))
            #expect(error.hint?.contains("docker build -f docker/Dockerfile.agent") == true)
        }
    }

    @Test func portThatAnotherProgramTookIsExchanged() async throws {
        try await Self.with({ $0.ports = 45001...45020 }) { fixture in
            let text =
                "driver failed programming external connectivity: Bind for 127.0.0.1 failed: port is already allocated"
            fixture.engine.fail("/start", .status(500, text))
            _ = try await fixture.acquire()
            #expect(fixture.engine.calls.filter { $0 == "POST /containers/create" }.count == 2)
            #expect(fixture.engine.containers.map(\.isRunning) == [true])
        }
    }

    @Test(arguments: [
        "POST /containers/create", "PUT /containers", "POST /networks/create", "GET /networks", "GET /images", "/start",
    ])
    func everyFailedStepLeavesNothing(_ call: String) async throws {
        try await Self.with { fixture in
            fixture.engine.fail(call, .status(500, "no space left on device"))
            let error = try await Self.refusal(fixture)
            #expect(error.message.contains("no space left on device"))
            _ = try await fixture.acquire()
        }
    }

    @Test func createdContainerWhoseAnswerWasLostIsReplaced() async throws {
        try await Self.with { fixture in
            fixture.engine.fail("POST /containers/create", .lostAnswer)
            _ = try? await fixture.acquire()
            _ = try await fixture.acquire()
            #expect(fixture.engine.containers.map(\.isRunning) == [true])
        }
    }

    @Test func endIsToldByTheEventStream() async throws {
        try await Self.with { fixture in
            let lease = try await fixture.acquire()
            async let exit = lease.waitForExit()
            await fixture.engine.hasListener.wait()
            fixture.engine.end(exitCode: 137, outOfMemory: true)
            let end = try await exit
            #expect(
                end
                    == SandboxExit(
                        exitCode: 137, outOfMemory: true, message: "the sandbox ran out of memory and was killed"))
        }
    }

    @Test func endDuringAnAbsenceOfTheEngineIsFoundAfterwards() async throws {
        try await Self.with { fixture in
            let lease = try await fixture.acquire()
            async let exit = lease.waitForExit()
            await fixture.engine.hasListener.wait()
            fixture.engine.stop(endingContainers: true)
            let error = await #expect(throws: SandboxError.self) { _ = try await fixture.provider.list() }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("is not reachable") == true)
            try fixture.engine.start()
            #expect(try await exit.message == "the sandbox was killed")
            #expect(try await fixture.acquire().id == fixture.spec.lease)
        }
    }

    /// One that is shutting down still takes calls, and fails them in words of its own.
    @Test func aSandboxThatEndedIsStartedAgainThoughItsEngineRefusesAtFirst() async throws {
        try await Self.with { fixture in
            _ = try await fixture.acquire()
            let id = try #require(fixture.engine.containers.first).id
            fixture.engine.end(exitCode: 0, telling: false)
            let text = "failed to update store for object type *libnetwork.endpoint: open : no such file or directory"
            fixture.engine.fail("/start", .status(500, text))
            fixture.engine.fail("/start", .status(500, text))
            _ = try await fixture.acquire()
            #expect(fixture.engine.containers.map(\.id) == [id])
            #expect(fixture.engine.containers.map(\.isRunning) == [true])
        }
    }

    @Test func aStreamOfEventsThatBreaksIsTakenUpAgain() async throws {
        try await Self.with { fixture in
            let lease = try await fixture.acquire()
            async let exit = lease.waitForExit()
            await fixture.engine.hasListener.wait()
            fixture.engine.dropStreams()
            await fixture.engine.hasSecondListener.wait()
            fixture.engine.end(exitCode: 3)
            #expect(try await exit.message == "the runner ended with code 3")
        }
    }

    @Test func anEndWhileTheStreamOfEventsIsBrokenIsFoundByTheList() async throws {
        try await Self.with { fixture in
            let lease = try await fixture.acquire()
            async let exit = lease.waitForExit()
            await fixture.engine.hasListener.wait()
            fixture.engine.end(exitCode: 137, outOfMemory: true, telling: false)
            fixture.engine.dropStreams()
            #expect(try await exit.message == "the sandbox ran out of memory and was killed")
        }
    }

    /// The list still had it alive, and nothing is told a second time unless it is asked for.
    @Test func anEndBetweenTheListAndTheStreamAfterItIsAskedFor() async throws {
        try await Self.with { fixture in
            let lease = try await fixture.acquire()
            async let exit = lease.waitForExit()
            let engine = fixture.engine
            await engine.hasListener.wait()
            engine.dropStreams { engine.end(exitCode: 3) }
            #expect(try await exit.message == "the runner ended with code 3")
        }
    }

    @Test func waitingEndsWhenCancelled() async throws {
        try await Self.with { fixture in
            let lease = try await fixture.acquire()
            let wait = Task { try await lease.waitForExit() }
            await fixture.engine.hasListener.wait()
            wait.cancel()
            await #expect(throws: CancellationError.self) { try await wait.value }
            let container = try #require(fixture.engine.containers.first)
            #expect(container.isRunning)
        }
    }

    @Test func removalUnderWayIsWaitedFor() async throws {
        try await Self.with { fixture in
            _ = try await fixture.acquire()
            fixture.engine.fail("DELETE /containers", .status(409, "removal is already in progress"))
            fixture.engine.fail("DELETE /containers", .status(409, "removal is already in progress"))
            try await fixture.provider.destroy(fixture.spec.lease)
            try await fixture.provider.destroy(fixture.spec.lease)
            #expect(fixture.engine.containers.isEmpty)
        }
    }

    @Test func absentEngineIsToldWithAHint() async throws {
        try await Self.with { fixture in
            fixture.engine.stop()
            let error = try await Self.refusal(fixture)
            #expect(error.code == .unavailable)
            #expect(error.hint?.contains("DOCKER_HOST") == true)
        }
    }

    @Test func leaseThatCannotNameAContainerIsRefused() async throws {
        try await Self.with { fixture in
            let error = await #expect(throws: SandboxError.self) {
                try await fixture.provider.destroy(LeaseID("../x"))
            }
            #expect(error?.code == .failed)
            let left = try await fixture.provider.list()
            #expect(left.isEmpty)
        }
    }
}
