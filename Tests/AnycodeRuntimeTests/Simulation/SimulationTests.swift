import AnycodeSimulation
import Foundation
import Testing

/// Seeds may be given: `ANYCODE_SEEDS=1000..<2000 swift test --filter SimulationTests`.
private let seeds: [UInt64] = {
    let text = ProcessInfo.processInfo.environment["ANYCODE_SEEDS"] ?? "0..<60"
    let bounds = text.split(separator: "..<").compactMap { UInt64($0) }
    return bounds.count == 2 ? Array(bounds[0]..<bounds[1]) : bounds
}()

struct SimulationTests {
    @Test func everySeedHoldsTheRules() throws {
        for seed in seeds {
            let simulation = try Simulation(seed: seed)
            let violations = try simulation.run()
            if ProcessInfo.processInfo.environment["ANYCODE_SIMULATION_SHOW"] != nil { simulation.show() }
            for violation in violations.prefix(5) { Issue.record("\(violation)") }
            if !violations.isEmpty, ProcessInfo.processInfo.environment["ANYCODE_SIMULATION_ALL"] == nil { break }
        }
    }

    @Test func theSameSeedRunsTheSameWay() throws {
        let first = try Simulation(seed: 42)
        let second = try Simulation(seed: 42)
        _ = try first.run()
        _ = try second.run()
        #expect(first.trace == second.trace)
        #expect(first.chat.messages.map(\.content) == second.chat.messages.map(\.content))
    }
}
