import Testing

@testable import Supervision

@Suite struct RegistryTests {
    private func register(_ bench: Bench, _ registry: Registry<String, String>, key: String? = nil) -> (
        @Sendable (ChildContext) async throws -> PuppetChild
    ) {
        { context in
            try context.register("\(context.id)#\(context.incarnation)", as: key ?? context.id, in: registry)
            return try await bench.child(context)
        }
    }

    @Test func findsTheCurrentIncarnation() throws {
        let bench = Bench()
        let registry = Registry<String, String>()
        _ = try bench.running(.oneForOne, [ChildSpec(id: "a", factory: register(bench, registry))])
        #expect(registry["a"] == "a#1")
        bench.crash("a")
        #expect(registry["a"] == "a#2")
        #expect(registry.entry(for: "a")?.incarnation == 2)
        #expect(registry["b"] == nil)
        #expect(registry.keys == ["a"])
        #expect(registry.values == ["a#2"])
        #expect(registry.count == 1)
    }

    @Test func nothingIsFoundWhileTheChildIsDown() throws {
        let bench = Bench()
        let registry = Registry<String, String>()
        _ = try bench.running(
            .oneForOne,
            [
                ChildSpec(id: "a", backoff: Backoff(jitter: 0), factory: register(bench, registry))
            ])
        bench.crash("a")
        #expect(registry["a"] == nil)
        bench.advance(.seconds(1))
        #expect(registry["a"] == "a#2")
    }

    @Test func aFailedStartLeavesNothingBehind() throws {
        let bench = Bench()
        bench.manners("a") { $0.failingStarts = 1 }
        let registry = Registry<String, String>()
        _ = try bench.running(
            .oneForOne,
            [
                ChildSpec(id: "a", backoff: Backoff(jitter: 0), factory: register(bench, registry))
            ])
        #expect(registry.count == 0)
    }

    @Test func theAbandonedAreNotFound() throws {
        let bench = Bench()
        bench.manners("a") { $0.mindsCancel = false }
        let registry = Registry<String, String>()
        let supervisor = try bench.running(
            .oneForOne,
            [
                ChildSpec(id: "a", shutdown: .immediate, factory: register(bench, registry))
            ])
        let predecessor = try #require(bench.context("a"))
        try supervisor.restartChild("a")
        bench.executor.drain()
        #expect(registry["a"] == "a#1", "it may still be doing useful work")
        bench.advance(.seconds(1))
        #expect(registry["a"] == "a#2")
        let error = #expect(throws: SupervisionError.self) {
            try predecessor.register("late", as: "elsewhere", in: registry)
        }
        #expect(error?.code == .superseded)
        #expect(registry["elsewhere"] == nil)
        let other = #expect(throws: SupervisionError.self) {
            try predecessor.register("late", as: "a", in: registry)
        }
        #expect(other?.code == .nameTaken)
        #expect(registry["a"] == "a#2")
    }

    @Test func oneKeyHasOneHolder() throws {
        let bench = Bench()
        let registry = Registry<String, String>()
        let supervisor = try bench.running(
            .oneForOne,
            [
                ChildSpec(id: "a", factory: register(bench, registry, key: "shared")),
                ChildSpec(id: "b", restart: .temporary, factory: register(bench, registry, key: "shared")),
            ])
        #expect(registry["shared"] == "a#1")
        #expect(supervisor.children.map(\.id) == ["a"])
    }

    @Test func aChildMayRegisterAgainAndUnderSeveralKeys() throws {
        let bench = Bench()
        let registry = Registry<String, String>()
        _ = try bench.running(
            .oneForOne,
            [
                ChildSpec(id: "a", backoff: Backoff()) { context in
                    try context.register("old", as: "one", in: registry)
                    try context.register("new", as: "one", in: registry)
                    try context.register("new", as: "two", in: registry)
                    return try await bench.child(context)
                }
            ])
        #expect(registry["one"] == "new")
        #expect(registry.count == 2)
        bench.crash("a")
        #expect(registry.count == 0)
    }

    @Test func siblingsFindEachOther() throws {
        let bench = Bench()
        let registry = Registry<String, String>()
        _ = try bench.running(
            .oneForOne,
            [
                ChildSpec(id: "a", factory: register(bench, registry)),
                ChildSpec(id: "b") { context in
                    bench.note("sees \(registry["a"] ?? "nobody")")
                    return try await bench.child(context)
                },
            ])
        bench.crash("b")
        bench.crash("a")
        bench.crash("b")
        #expect(bench.takeLog() == "-b sees a#1 +b -a +a -b sees a#2 +b")
    }
}
