import AnycodeSimulation
import Foundation
import Synchronization

/// Splits the seeds over processes and gathers what they tell.
///
/// Each worker has `SWIFT_DETERMINISTIC_HASHING` set, without which a seed would not run the same way in another process.
final class Overseer: Sendable {
    private struct State {
        var next: UInt64
        var done: UInt64 = 0
        var tally = Tally()
        /// Seed → what was violated.
        var violations: [UInt64: [String]] = [:]
        var broken: [String] = []
        var lastReport = Date()
    }

    /// How many seeds a worker runs before the next process takes over.
    private static let stretch: UInt64 = 250

    private let command: SimulateCommand
    private let state: Mutex<State>
    private let began = Date()

    init(command: SimulateCommand) {
        self.command = command
        state = Mutex(State(next: command.seeds.lowerBound))
    }

    func run() -> Int32 {
        let finished = DispatchGroup()
        for _ in 0..<command.processes {
            finished.enter()
            Thread.detachNewThread {
                while let seeds = self.takeStretch() { self.runWorker(seeds) }
                finished.leave()
            }
        }
        finished.wait()
        return report()
    }

    private func takeStretch() -> Range<UInt64>? {
        state.withLock { state in
            let stops = !state.broken.isEmpty || (!state.violations.isEmpty && !command.runsAll)
            guard state.next < command.seeds.upperBound, !stops else { return nil }
            let end = min(command.seeds.upperBound, state.next + Self.stretch)
            defer { state.next = end }
            return state.next..<end
        }
    }

    private func runWorker(_ seeds: Range<UInt64>) {
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        var arguments = ["--worker", "\(seeds.lowerBound)..<\(seeds.upperBound)"]
        if command.runsAll { arguments.append("--all") }
        if command.shows { arguments.append("--show") }
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["SWIFT_DETERMINISTIC_HASHING"] = "1"
        if command.shows { environment["ANYCODE_SIMULATION_SHOW"] = "1" }
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        do {
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            take(text, seeds, process)
        } catch {
            state.withLock { $0.broken.append("no worker could be started: \(error)") }
        }
    }

    private func take(_ text: String, _ seeds: Range<UInt64>, _ process: Process) {
        state.withLock { state in
            var isWhole = false
            for line in text.split(separator: "\n") {
                let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
                switch parts[0] {
                case "violated" where parts.count == 3:
                    let words = String(parts[2].replacing("\u{1}", with: "\n"))
                    state.violations[UInt64(parts[1]) ?? 0, default: []].append(words)
                case "tally" where parts.count > 1:
                    isWhole = true
                    state.tally.add(Tally(line: String(line.dropFirst("tally ".count))))
                default: print(line)
                }
            }
            if !isWhole {
                state.broken.append(
                    "the worker of the seeds \(seeds) ended early, with \(process.terminationReason == .exit ? "status" : "signal") "
                        + "\(process.terminationStatus)")
            }
            state.done += UInt64(seeds.count)
            reportProgress(&state)
        }
    }

    private func reportProgress(_ state: inout State) {
        guard Date().timeIntervalSince(state.lastReport) > 15, state.done < UInt64(command.seeds.count) else { return }
        state.lastReport = Date()
        print("\(state.done) of \(command.seeds.count) seeds, \(rate(state.done)) seeds/s")
    }

    private func rate(_ done: UInt64) -> String {
        String(format: "%.0f", Double(done) / max(0.001, Date().timeIntervalSince(began)))
    }

    private func report() -> Int32 {
        state.withLock { state in
            print("What happened in \(state.done) seeds:\n\(state.tally.table)")
            for problem in state.broken { print(problem) }
            if let (seed, words) = state.violations.min(by: { $0.key < $1.key }) {
                print("\nSeed \(seed) breaks the rules:\n" + words.joined(separator: "\n"))
                if command.runsAll {
                    print("\(state.violations.count) seeds in all: \(state.violations.keys.sorted())")
                }
                print("Replay it: make simulate SEEDS=\(seed) SHOW=1")
            }
            let seconds = Int(Date().timeIntervalSince(began).rounded())
            let holds = state.violations.isEmpty && state.broken.isEmpty
            print(
                "\(state.done) seeds in \(seconds) s, \(rate(state.done)) seeds/s on \(command.processes) processes: "
                    + (holds ? "the rules hold" : "FAILED"))
            return holds ? 0 : 1
        }
    }
}
