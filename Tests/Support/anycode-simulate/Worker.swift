import AnycodeSimulation
import Foundation

/// Runs a stretch of seeds, one after the other, and tells the overseer line by line. A killed daemon's memory is leaked,
/// so a worker's stretch is short.
struct Worker {
    let command: SimulateCommand

    func run() -> Int32 {
        var tally = Tally()
        var status: Int32 = 0
        let disk = try? SimDisk()
        for seed in command.seeds {
            let violations = violations(seed, disk, &tally)
            guard !violations.isEmpty else { continue }
            status = 1
            for violation in violations.prefix(5) {
                print("violated \(seed) \(violation.replacing("\n", with: "\u{1}"))")
            }
            if !command.runsAll { break }
        }
        print("tally \(tally.line)")
        return status
    }

    private func violations(_ seed: UInt64, _ disk: SimDisk?, _ tally: inout Tally) -> [String] {
        do {
            let simulation = try Simulation(seed: seed, disk: disk)
            let violations = try simulation.run()
            if command.shows { simulation.show() }
            tally.add(simulation.tally)
            return violations
        } catch {
            return ["the simulation itself failed: \(error)"]
        }
    }
}
