import CCurl
import Foundation

/// Live sessions that stream, in one daemon in a process of its own, with their runners played by another.
struct LiveBench {
    private let directory: ScratchDirectory
    private let runners: Worker
    private var daemon: Worker
    private let sessions: Int

    /// - Parameter thorough: also `/task` to sandbox, recovery after `kill -9`, and the cost of a delta without the chat.
    static func run(sessions: Int, thorough: Bool, into table: inout BudgetTable) async throws {
        #if os(Linux)
        let directory = try ScratchDirectory()
        defer { directory.remove() }
        var bench = try LiveBench(sessions: sessions, directory)
        defer { bench.end() }
        if thorough { try bench.trickle("nothing else", into: &table) }
        table.begin("\(sessions) live sessions, each streaming 2 deltas/s, each delta shown")
        guard try await bench.start(into: &table) else { return }
        try await bench.measure(seconds: 15, into: &table)
        try await bench.verify(into: &table)
        guard thorough else { return }
        try bench.trickle("\(sessions) live sessions", into: &table)
        try await bench.recover(into: &table)
        for rate in [2, 10] { try await bench.measureWithoutChat(rate: rate, into: &table) }
        try await bench.verify(into: &table, isShown: false)
        notes(into: &table)
        #else
        table.note("Live sessions were not measured: the played runners need Linux.")
        #endif
    }

    /// A crowd whose chat is put off: what it takes to keep the streams, to store every word and to hold it all.
    static func runUnshown(sessions: Int, into table: inout BudgetTable) async throws {
        #if os(Linux)
        let directory = try ScratchDirectory()
        defer { directory.remove() }
        let bench = try LiveBench(sessions: sessions, directory, debounce: 3600)
        defer { bench.end() }
        table.begin("\(sessions) live sessions, each streaming 2 deltas/s, the chat put off")
        guard try await bench.start(into: &table) else { return }
        let (report, deltas) = try await bench.report(seconds: 10)
        table.add("deltas taken", deltas / 10, "/s", .atLeast(Double(sessions) * 2 * 0.99))
        bench.addCPU("CPU per delta", report, deltas, .atMost(25), into: &table)
        bench.addMemory(into: &table)
        try await bench.verify(into: &table, isShown: false)
        #endif
    }

    private static func notes(into table: inout BudgetTable) {
        table.note(
            """
            Live sessions: real tree, store, HTTP and ACP client over Unix sockets. Faked: runners and agents (one other \
            process), sandboxes (links to its socket), and the chat, which takes every edit at once.
            """)
        table.note(
            "Delay: from the agent's word to the chat's call, of the oldest word in each edit. Without a debounce, so that it is all ours."
        )
    }

    private init(sessions: Int, _ directory: ScratchDirectory, debounce: Int = 0) throws {
        self.sessions = sessions
        self.directory = directory
        runners = try Worker(role: "play-runners", [directory.path + "/runners", "\(sessions)"])
        daemon = try Worker(role: "play-daemon", [directory.path, "\(debounce)"])
        _ = try daemon.answer()
    }

    private func end() {
        daemon.crash()
        runners.end()
    }

    /// The clock that all processes of a machine share.
    static func microseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    private func pause(_ seconds: Double) async throws { try await Task.sleep(for: .seconds(seconds)) }

    /// Asks the runners until the state has come.
    private func wait(_ seconds: Double, for key: String, _ holds: (Double) -> Bool) async throws -> Double {
        let end = Self.microseconds() + Int64(seconds * 1e6)
        while true {
            let value = try runners.ask("state")[key] ?? 0
            if holds(value) { return value }
            guard Self.microseconds() < end else { throw LiveBenchError(words: "\(key) stayed at \(value)") }
            try await pause(0.01)
        }
    }

    /// Returns whether all of them came to stream: a machine may have less to give than they ask for.
    private func start(into table: inout BudgetTable) async throws -> Bool {
        let before = try runners.ask("state")["streaming"] ?? 0
        let begin = Self.microseconds()
        try daemon.ask("tasks \(sessions)")
        do {
            _ = try await wait(300, for: "streaming") { $0 - before >= Double(sessions) }
        } catch is LiveBenchError {
            let streaming = (try runners.ask("state")["streaming"] ?? 0) - before
            table.add("sessions that stream after five minutes", streaming, "", .atLeast(Double(sessions)))
            return false
        }
        table.add("/tasks taken and prompted", Double(sessions) / (Double(Self.microseconds() - begin) / 1e6), "/s")
        return true
    }

    private func measure(seconds: Double, into table: inout BudgetTable) async throws {
        let (report, deltas) = try await report(seconds: seconds)
        table.add("added delay, event to chat, p50", report["p50"] ?? 0, "ms")
        table.add("added delay, event to chat, p99", report["p99"] ?? 0, "ms", .atMost(50))
        addCPU("CPU per delta, its view and edit included", report, deltas, nil, into: &table)
        table.add("edits of the chat per delta", (report["shown"] ?? 0) / deltas)
        addMemory(into: &table)
    }

    private func addMemory(into table: inout BudgetTable) {
        let bytes = Double(Usage.anonymousMemory(of: daemon.processID))
        table.add("anonymous memory", bytes / 1_048_576, "MiB", .atMost(1_024))
    }

    /// From the socket to the committed transcript: the chat's part is put off.
    private func measureWithoutChat(rate: Int, into table: inout BudgetTable) async throws {
        try runners.ask("rate \(rate)")
        let (report, deltas) = try await report(seconds: 10)
        table.begin("CPU per delta, socket to committed transcript, \(sessions) sessions at \(rate) deltas/s")
        addCPU("all", report, deltas, .atMost(25), into: &table)
    }

    private func report(seconds: Double) async throws -> (figures: [String: Double], deltas: Double) {
        try await pause(3)
        try daemon.ask("begin")
        let before = try runners.ask("state")
        try await pause(seconds)
        let report = try daemon.ask("report")
        let after = try runners.ask("state")
        return (report, max(1, (after["deltas"] ?? 0) - (before["deltas"] ?? 0)))
    }

    private func addCPU(
        _ name: String, _ report: [String: Double], _ deltas: Double, _ budget: BudgetTable.Budget?,
        into table: inout BudgetTable
    ) {
        func perDelta(_ key: String) -> Double { (report[key] ?? 0) / deltas * 1e6 }
        table.add(name, perDelta("cpu"), "µs", budget)
        table.add("  libcurl's thread", perDelta("http"), "µs")
        table.add("  store's writer", perDelta("writer"), "µs")
        table.add(
            "  all else: the synchronous stages, actors, waking threads", perDelta("pool") + perDelta("reader"), "µs")
    }

    private func trickle(_ company: String, into table: inout BudgetTable) throws {
        table.begin("/task received to sandbox create call, beside \(company)")
        let times = try daemon.ask("trickle 50")
        table.add("p50", times["p50"] ?? 0, "ms", .atMost(5))
        table.add("p99", times["p99"] ?? 0, "ms")
    }

    /// The runners fall silent; all that they said must be in the transcripts once, and in the chat.
    private func verify(into table: inout BudgetTable, isShown: Bool = true) async throws {
        try runners.ask("hold")
        try await pause(2)
        let said = try runners.ask("state")["deltas"] ?? 0
        let found = try daemon.ask("verify")
        table.add("events lost, of \(said.short)", said - (found["deltas"] ?? 0), "", .atMost(0))
        table.add("events out of order or repeated", found["wrong"] ?? 0, "", .atMost(0))
        if isShown {
            table.add("sessions whose last event the chat does not show", found["behind"] ?? 0, "", .atMost(0))
        }
        try runners.ask("go")
    }

    private mutating func recover(into table: inout BudgetTable) async throws {
        let streaming = try runners.ask("state")["streaming"] ?? 0
        table.begin("Recovery of \(streaming.short) sessions after kill -9")
        try await pause(2)
        daemon.crash()
        try await pause(1)
        try runners.ask("mark")
        let begin = Self.microseconds()
        daemon = try Worker(role: "play-daemon", [directory.path, "3600"])
        _ = try await wait(60, for: "opened") { $0 >= streaming }
        let seconds = Double(Self.microseconds() - begin) / 1e6
        table.add("start of the process to last stream open", seconds, "s", .atMost(2))
        _ = try daemon.answer()
        try await pause(2)
        try await verify(into: &table, isShown: false)
    }
}

struct LiveBenchError: Error, CustomStringConvertible {
    let words: String
    var description: String { words }
}
