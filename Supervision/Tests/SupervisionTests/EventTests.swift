import Synchronization
import Testing

@testable import Supervision

@Suite struct EventTests {
    @Test func aLifeInEvents() throws {
        let bench = Bench()
        let log = EventLog()
        let supervisor = try bench.supervisor(
            intensity: RestartIntensity(1, in: .seconds(5)), observer: log.observer,
            [bench.spec("a", backoff: Backoff(initial: .seconds(1), jitter: 0))]
        )
        bench.run(supervisor)
        bench.crash("a", "x")
        bench.advance(.seconds(1))
        bench.crash("a", "y")
        #expect(
            log.texts == [
                "a started, incarnation 1",
                "a exited, incarnation 1: failure: x",
                "a restarting in 1.0 seconds",
                "a started, incarnation 2",
                "a exited, incarnation 2: failure: y",
                "a escalated: failure: y",
                "stopped",
            ]
        )
        #expect(log.events.map(\.sequence) == [1, 2, 3, 4, 5, 6, 7])
        #expect(log.events.map(\.time) == [0, 0, 0, 1, 1, 1, 1].map { Duration.seconds($0) })
    }

    @Test func eventsOfATreeReachTheTopWithTheirPath() throws {
        let bench = Bench()
        let (rootLog, innerLog) = (EventLog(), EventLog())
        let root = try bench.supervisor(
            observer: rootLog.observer,
            [
                .supervisor(id: "inner") { context in
                    try Supervisor(under: context, observer: innerLog.observer, children: [bench.spec("a")])
                }
            ]
        )
        bench.run(root)
        #expect(rootLog.texts == ["inner started, incarnation 1", "inner/a started, incarnation 1"])
        #expect(innerLog.texts == ["a started, incarnation 1"])
    }

    @Test func streamsEndWithTheSupervisor() throws {
        let bench = Bench()
        let supervisor = try bench.supervisor(.oneForOne, [bench.spec("a")])
        let events = supervisor.events()
        bench.perform {
            for await event in events { bench.note("[\(event)]") }
            bench.note("end")
        }
        bench.run(supervisor)
        supervisor.stop()
        bench.executor.drain()
        #expect(
            bench.log.filter { $0.hasPrefix("[") || $0 == "end" } == [
                "[a started, incarnation 1]", "[a exited, incarnation 1: shutdown]", "[stopped]", "end",
            ])
        bench.perform {
            for await _ in supervisor.events() {}
            bench.note("nothing more")
        }
        #expect(bench.log.last == "nothing more")
    }

    @Test func aSlowReaderLosesTheOldestAndCanTell() throws {
        let bench = Bench()
        let supervisor = try bench.supervisor(.oneForOne, [bench.spec("a")])
        let events = supervisor.events(bufferingNewest: 3)
        bench.run(supervisor)
        for _ in 0..<10 { bench.crash("a") }
        supervisor.stop()
        bench.executor.drain()
        let numbers = Mutex<[UInt64]>([])
        bench.perform {
            for await event in events { numbers.withLock { $0.append(event.sequence) } }
        }
        #expect(numbers.withLock { $0 } == [31, 32, 33])
    }

    @Test func aReaderThatLeavesIsForgotten() throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [bench.spec("a")])
        let task = Task(executorPreference: bench.executor) {
            for await _ in supervisor.events() {}
        }
        bench.executor.drain()
        #expect(supervisor.core.hub.isActive)
        task.cancel()
        bench.executor.drain()
        #expect(!supervisor.core.hub.isActive)
    }

    @Test func observersMayCallTheSupervisor() throws {
        let bench = Bench()
        let box = Mutex<Supervisor?>(nil)
        let log = EventLog()
        let supervisor = try bench.supervisor(
            observer: { event in
                log.observer(event)
                let supervisor = box.withLock { $0 }
                if case .exited = event.kind {
                    bench.note("\(supervisor?.snapshot().children.count ?? 0) children")
                    supervisor?.stop()
                }
            },
            [bench.spec("a", .temporary), bench.spec("b")]
        )
        box.withLock { $0 = supervisor }
        bench.run(supervisor)
        bench.tell("a", .end)
        #expect(bench.isOver)
        #expect(
            log.texts.suffix(3) == [
                "a exited, incarnation 1: normal", "b exited, incarnation 1: shutdown", "stopped",
            ])
        #expect(log.events.map(\.sequence) == Array(1...UInt64(log.events.count)))
        box.withLock { $0 = nil }
    }

    @Test func nobodyListensNobodyPays() throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [bench.spec("a")])
        #expect(!supervisor.core.hub.isActive)
        bench.crash("a")
        let late = supervisor.events()
        bench.crash("a")
        let numbers = Mutex<[UInt64]>([])
        bench.perform {
            for await event in late { numbers.withLock { $0.append(event.sequence) } }
        }
        #expect(numbers.withLock { $0 } == [1, 2, 3])
    }

    @Test func theBacklogOfABusyObserverIsBounded() {
        let log = EventLog()
        let hub = EventHub(parent: nil, id: "hub", observer: log.observer)
        for number in 0..<(EventHub.backlog + 10) {
            hub.enqueue(.started(incarnation: number), at: ["a"], time: .zero)
        }
        hub.deliver()
        let sequences = log.events.map(\.sequence)
        #expect(sequences.count == EventHub.backlog / 2 + 10)
        #expect(sequences.first == UInt64(EventHub.backlog / 2 + 1))
        #expect(sequences.last == UInt64(EventHub.backlog + 10))
    }

    @Test(arguments: [
        (SupervisionEvent.Kind.started(incarnation: 2), "a/b started, incarnation 2"),
        (.exited(incarnation: 1, .normal), "a/b exited, incarnation 1: normal"),
        (.restarting(after: .zero), "a/b restarting"),
        (.restarting(after: .seconds(2)), "a/b restarting in 2.0 seconds"),
        (.gaveUp(.shutdown), "a/b gave up: shutdown"),
        (.escalated(.normal), "a/b escalated: normal"),
        (.abandoned(incarnation: 3), "a/b abandoned, incarnation 3"),
        (.stopped, "a/b stopped"),
    ]) func eventsReadWell(_ kind: SupervisionEvent.Kind, _ text: String) {
        let event = SupervisionEvent(path: "a/b", kind: kind, time: .zero, sequence: 1)
        #expect(event.description == text)
    }
}
