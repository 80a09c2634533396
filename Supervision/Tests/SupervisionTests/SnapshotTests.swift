import Foundation
import Testing

@testable import Supervision

@Suite struct SnapshotTests {
    @Test func nodesTellWhoTheyAreAndHowTheyAre() throws {
        let bench = Bench()
        let root = try bench.running(
            .oneForOne,
            [
                bench.spec("a"), bench.spec("b", backoff: Backoff(initial: .seconds(8), jitter: 0)),
                bench.spec("c", .transient),
            ])
        bench.advance(.seconds(10))
        bench.crash("a", "disk full")
        bench.crash("b", "no network")
        bench.tell("c", .end)
        bench.advance(.seconds(3))
        let tree = root.snapshot()
        #expect(tree.id == "root")
        #expect(tree.kind == .supervisor)
        #expect(tree.state == .running)
        #expect(tree.uptime == 13)
        #expect(
            tree.children == [
                NodeSnapshot(
                    id: "a", kind: .worker, state: .running, uptime: 3, incarnation: 2, restarts: 1,
                    lastError: "disk full"
                ),
                NodeSnapshot(
                    id: "b", kind: .worker, state: .backingOff, incarnation: 1, restarts: 1, lastError: "no network",
                    waiting: .init(reason: "restart after failure", seconds: 3, deadline: 5)
                ),
                NodeSnapshot(id: "c", kind: .worker, state: .ended, incarnation: 1),
            ])
    }

    @Test func supervisorsTellTheirRules() async throws {
        let root = try Supervisor(
            id: "root", strategy: .restForOne, intensity: RestartIntensity(3, in: .seconds(60)),
            children: [
                .supervisor(id: "some") { context in
                    DynamicSupervisor<String>(under: context, limit: 7) { _, _ in Idle() }
                }
            ])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await root.run() }
            try await root.waitUntilRunning("some")
            let tree = root.snapshot()
            #expect(tree.details == ["strategy": "restForOne, 3 in 60 s"])
            #expect(tree["some"]?.details == ["strategy": "each 1 in 5 s", "limit": "7"])
            root.stop()
            try await group.waitForAll()
        }
        #expect(RestartIntensity.unlimited.description == "unlimited restarts")
        #expect(RestartIntensity(2, in: .milliseconds(500)).description == "2 in 0.5 s")
    }

    private struct Idle: Child {
        func run() async throws {}
    }

    @Test func partsMayBeOlderThanTheirCell() throws {
        let bench = Bench()
        let root = try bench.running(.oneForOne, [bench.spec("a")])
        let status = try #require(bench.context("a")?.status)
        _ = status.node("save", kind: "save", age: .seconds(30))
        bench.advance(.seconds(2))
        #expect(root.snapshot()["a/save"]?.uptime == 32)
    }

    @Test func childrenSayWhatTheyWaitFor() throws {
        let bench = Bench()
        let root = try bench.running(.oneForOne, [bench.spec("a")])
        let status = try #require(bench.context("a")?.status)
        status.wait(for: "permission \"rm -rf build\"", on: "Ana", within: .seconds(60))
        status[detail: "agent"] = "demo"
        bench.advance(.seconds(41))
        let node = try #require(root.snapshot()["a"])
        #expect(node.waiting == .init(reason: "permission \"rm -rf build\"", on: "Ana", seconds: 41, deadline: 19))
        #expect(node.details == ["agent": "demo"])
        bench.advance(.seconds(20))
        #expect(root.snapshot()["a"]?.waiting?.deadline == -1)
        status.endWait()
        status[detail: "agent"] = nil
        #expect(root.snapshot()["a"]?.waiting == nil)
        #expect(root.snapshot()["a"]?.details == [:])
    }

    @Test func theSameWaitSaidAgainGoesOn() throws {
        let bench = Bench()
        let root = try bench.running(.oneForOne, [bench.spec("a")])
        let status = try #require(bench.context("a")?.status)
        status.wait(for: "permission", on: "Ana")
        bench.advance(.seconds(41))
        status.wait(for: "permission", on: "Ana", within: .seconds(60))
        #expect(root.snapshot()["a"]?.waiting == .init(reason: "permission", on: "Ana", seconds: 41, deadline: 60))
        status.wait(for: "permission", on: "Bo")
        #expect(root.snapshot()["a"]?.waiting?.seconds == 0)
        status.wait(for: "a sign of life", lasting: .seconds(7))
        bench.advance(.seconds(1))
        #expect(root.snapshot()["a"]?.waiting?.seconds == 8)
    }

    @Test func waitsNest() throws {
        let bench = Bench()
        let root = try bench.running(
            .oneForOne,
            [
                ChildSpec(
                    id: "a",
                    run: { context in
                        await context.status.waiting(for: "the turn") {
                            await context.status.waiting(for: "the disk", within: .seconds(1)) {
                                _ = await bench.order(for: "inner")
                            }
                            _ = await bench.order(for: "outer")
                        }
                        _ = await bench.order(for: "last")
                    })
            ])
        let reason = { root.snapshot()["a"]?.waiting?.reason }
        #expect(reason() == "the disk")
        bench.tell("inner", .end)
        #expect(reason() == "the turn")
        bench.tell("outer", .end)
        #expect(reason() == nil)
    }

    @Test func aNewIncarnationSaysNothingYet() throws {
        let bench = Bench()
        let root = try bench.running(.oneForOne, [bench.spec("a")])
        bench.context("a")?.status.wait(for: "Godot")
        bench.crash("a")
        #expect(root.snapshot()["a"]?.waiting == nil)
    }

    @Test func aDeadIncarnationsWordsAreNotShown() throws {
        let bench = Bench()
        let root = try bench.running(.oneForOne, [bench.spec("a")])
        let old = try #require(bench.context("a"))
        bench.crash("a")
        old.status.wait(for: "something of the past")
        #expect(root.snapshot()["a"]?.waiting == nil)
    }

    @Test func childrenShowTheirParts() throws {
        let bench = Bench()
        let root = try bench.running(.oneForOne, [bench.spec("session")])
        let status = try #require(bench.context("session")?.status)
        let lease = status.node("lease", kind: "lease")
        lease.setState("held")
        lease[detail: "provider"] = "local"
        let stream = status.node("stream")
        stream.wait(for: "the agent's next word")
        stream.setLastError("connection reset")
        status.node("stream").node("buffer").setState(nil)
        status.setState("working")
        bench.advance(.seconds(2))
        let session = try #require(root.snapshot()["session"])
        #expect(session.state == .running)
        #expect(session.details == ["state": "working"])
        #expect(session.children.map(\.id) == ["lease", "stream"])
        #expect(
            session["lease"]
                == NodeSnapshot(
                    id: "lease", kind: "lease", state: "held", uptime: 2, details: ["provider": "local"]
                ))
        #expect(session["stream"]?.lastError == "connection reset")
        #expect(session["stream"]?.waiting?.seconds == 2)
        #expect(session["stream/buffer"]?.kind == .part)
        status.removeNode("stream")
        #expect(root.snapshot()["session"]?.children.map(\.id) == ["lease"])
    }

    @Test func aChildsInnerSupervisorIsPartOfItsNode() throws {
        struct Session: Child {
            let inner: Supervisor
            func run() async throws { try await inner.run() }
            func stop(within grace: Duration?) async { inner.stop() }
        }
        let bench = Bench()
        let root = try bench.running(
            .oneForOne,
            [
                ChildSpec(id: "session", kind: "session") { context in
                    context.status.wait(for: "Ana")
                    context.status.node("buffer")[detail: "bytes"] = "17"
                    return Session(
                        inner: try Supervisor(under: context, children: [bench.spec("lease"), bench.spec("stream")])
                    )
                }
            ])
        let node = try #require(root.snapshot()["session"])
        #expect(node.kind == "session")
        #expect(node.children.map(\.id) == ["lease", "stream", "buffer"])
        #expect(node.waiting?.reason == "Ana")
        #expect(bench.context("session/stream")?.path == "session/stream")
        try root.restart("session/stream")
        bench.executor.drain()
        #expect(root.snapshot()["session/stream"]?.incarnation == 2)
        root.stop()
        bench.executor.drain()
        #expect(bench.isOver)
    }

    @Test func supervisorsMadeOnTheirOwnNestToo() throws {
        let bench = Bench()
        let root = try bench.running(
            .oneForOne,
            [
                ChildSpec(id: "dynamic") { _ in
                    let inner = DynamicSupervisor<Int>(
                        id: "other", clock: bench.clock, executor: bench.executor
                    ) { _, context in try await bench.child(context) }
                    try inner.startChild(1)
                    return inner
                }
            ])
        #expect(root.snapshot()["dynamic"]?.kind == .dynamicSupervisor)
        #expect(root.snapshot()["dynamic/1"]?.state == .running)
    }

    @Test func snapshotsAreCodable() throws {
        let bench = Bench()
        let root = try bench.running(.oneForOne, [bench.spec("a"), bench.spec("b", backoff: Backoff())])
        bench.context("a")?.status.wait(for: "Ana", within: .seconds(60))
        bench.context("a")?.status[detail: "key"] = "value"
        bench.crash("b")
        let tree = root.snapshot()
        let data = try JSONEncoder().encode(tree)
        #expect(try JSONDecoder().decode(NodeSnapshot.self, from: data) == tree)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["state"] as? String == "running")
        #expect(object["kind"] as? String == "supervisor")
    }

    @Test func pendingChildrenSayTheyWaitForTheirTurn() throws {
        let bench = Bench()
        bench.manners("a") { $0.slowStart = true }
        let root = try bench.running(.oneForOne, [bench.spec("a"), bench.spec("b")])
        #expect(root.snapshot().state("a") == .starting)
        #expect(root.snapshot().state("b") == .pending)
        #expect(root.snapshot()["b"]?.waiting?.reason == "its turn to start")
    }

    @Test func aStoppedTreeCanStillBeSeen() throws {
        let bench = Bench()
        let root = try bench.running(.oneForOne, [bench.spec("a")])
        root.stop()
        bench.executor.drain()
        #expect(root.snapshot().state == .terminated)
        #expect(root.snapshot().state("a") == .terminated)
    }

    @Test func contextKnowsItsSurroundings() throws {
        let bench = Bench()
        _ = try bench.running(.oneForOne, [bench.spec("a")])
        let context = try #require(bench.context("a"))
        #expect(context.id == "a")
        #expect(context.incarnation == 1)
        #expect(context.path == NodePath(["a"]))
        #expect(context.executor as? StepExecutor === bench.executor)
        #expect(context.clock is ManualClock)
        #expect(!context.isStopRequested)
    }
}
