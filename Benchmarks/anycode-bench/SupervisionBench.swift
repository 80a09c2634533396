import Foundation
import Supervision
import Synchronization

/// Children that do nothing else are started, crashed and called: by this project's supervisor and by OTP's, in turns.
enum SupervisionBench {
    struct Figures {
        /// Children started per second.
        var start = 0.0
        /// Crashes after which a child was up again, per second.
        var restart = 0.0
        /// Bytes per child.
        var memory = 0.0
        /// Nanoseconds from a call to its answer.
        var call = 0.0
    }

    private static let restarts = 20_000
    private static let calls = 20_000
    private static let rounds = 3

    static func run(into table: inout BudgetTable) async throws {
        let peer = ErlangPeer.find()
        if peer == nil {
            table.note(
                "Erlang/OTP was not compared: no escript here. `make bench ERLANG=1` installs Debian's erlang-base.")
        }
        for count in [1_000, 100_000] {
            table.begin("Supervision, \(count) children (medians of \(rounds) rounds in turns)")
            var own: [Figures] = []
            var others: [Figures] = []
            for _ in 0..<rounds {
                own.append(try await measure(children: count))
                if let peer { others.append(try peer.measure(children: count, restarts: restarts, calls: calls)) }
            }
            report(own, others, into: &table)
        }
        table.note(
            "Both supervisors count restarts over one second, and allow a million. A call finds the child by key.")
    }

    private static func report(_ own: [Figures], _ others: [Figures], into table: inout BudgetTable) {
        func row(
            _ what: String, _ figure: KeyPath<Figures, Double>, _ unit: String, _ budget: BudgetTable.Budget? = nil
        ) {
            let value = own.map { $0[keyPath: figure] }.median
            table.add(what, value, unit)
            guard !others.isEmpty else { return }
            let other = others.map { $0[keyPath: figure] }.median
            table.add("  OTP", other, unit)
            table.add("  ratio", value / other, "×", budget)
        }
        row("starts", \.start, "/s", .atLeast(1))
        row("crashes and restarts", \.restart, "/s", .atLeast(5))
        row("memory per child", \.memory, "B", .atMost(1))
        row("call", \.call, "ns")
    }

    // MARK: Ours

    private struct Crash: Error {}

    /// A child that waits until it is told to crash, and answers calls meanwhile.
    private actor Parked: Child {
        private nonisolated let waiter = Mutex<UnsafeContinuation<Void, any Error>?>(nil)

        func run() async throws {
            try await withTaskCancellationHandler {
                try await withUnsafeThrowingContinuation { continuation in waiter.withLock { $0 = continuation } }
            } onCancel: {
                take()?.resume(throwing: CancellationError())
            }
        }

        func ping(_ value: Int) -> Int { value + 1 }

        /// `false` while it has not parked yet.
        nonisolated func crash() -> Bool {
            guard let waiter = take() else { return false }
            waiter.resume(throwing: Crash())
            return true
        }

        private nonisolated func take() -> UnsafeContinuation<Void, any Error>? {
            waiter.withLock { waiter in
                defer { waiter = nil }
                return waiter
            }
        }
    }

    private static func measure(children count: Int) async throws -> Figures {
        let registry = Registry<Int, Parked>()
        let started = Atomic<Int>(0)
        let supervisor = DynamicSupervisor<Int>(
            id: "bench", intensity: RestartIntensity(1_000_000, in: .seconds(1)), scope: .supervisor,
            restart: .permanent
        ) { key, context in
            let child = Parked()
            try context.register(child, as: key, in: registry)
            started.add(1, ordering: .relaxed)
            return child
        }
        let running = Task { try await supervisor.run() }
        var figures = Figures()
        let memory = Usage.anonymousMemory()
        let clock = ContinuousClock()
        let starting = try await clock.measure {
            for key in 0..<count { try supervisor.startChild(key) }
            while started.load(ordering: .relaxed) < count { await Task.yield() }
        }
        figures.start = Double(count) / starting.seconds
        figures.memory = Double(Usage.anonymousMemory() - memory) / Double(count)
        let restarting = await clock.measure {
            for number in 0..<restarts {
                while registry[number % count]?.crash() != true { await Task.yield() }
            }
            while started.load(ordering: .relaxed) < count + restarts { await Task.yield() }
        }
        figures.restart = Double(restarts) / restarting.seconds
        let calling = await clock.measure {
            var value = 0
            for _ in 0..<calls { value = await registry[0]?.ping(value) ?? value }
        }
        figures.call = calling.seconds / Double(calls) * 1e9
        supervisor.stop()
        _ = try? await running.value
        return figures
    }
}

/// OTP's supervisor, driven by the script beside these sources.
struct ErlangPeer {
    private let script: String

    /// `nil` where there is no Erlang.
    static func find() -> ErlangPeer? {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("erlang/supervision.escript").path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let isThere = path.split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/escript")
        }
        return isThere && FileManager.default.fileExists(atPath: script) ? ErlangPeer(script: script) : nil
    }

    func measure(children: Int, restarts: Int, calls: Int) throws -> SupervisionBench.Figures {
        let worker = try Worker(program: "/usr/bin/env", ["escript", script, "\(children)", "\(restarts)", "\(calls)"])
        defer { worker.end() }
        let answer = try worker.answer()
        return SupervisionBench.Figures(
            start: answer["start"] ?? 0, restart: answer["restart"] ?? 0, memory: answer["memory"] ?? 0,
            call: answer["call"] ?? 0)
    }
}
