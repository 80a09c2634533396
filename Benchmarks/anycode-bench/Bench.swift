import Foundation

/// Measures what the project budgets, and prints one table. Figures are of this machine at this moment: compare rows of
/// one run with each other, not runs with each other.
///
/// `anycode-bench [PART …]` runs some parts only. The other roles are those of the processes it starts itself.
@main
enum Bench {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "play-runners": try RunnerPlayer.run(Array(arguments.dropFirst()))
        case "play-daemon": try await LiveDaemon.run(Array(arguments.dropFirst()))
        default: try await measure(arguments)
        }
    }

    private static func measure(_ arguments: [String]) async throws {
        let wanted = arguments.compactMap(Part.init(rawValue:))
        guard wanted.count == arguments.count else {
            let names = Part.allCases.map(\.rawValue).joined(separator: " ")
            FileHandle.standardError.write(Data("usage: anycode-bench [PART …], with parts of: \(names)\n".utf8))
            exit(64)
        }
        var table = BudgetTable()
        for part in wanted.isEmpty ? Part.allCases : wanted { try await part.run(into: &table) }
        print("\n" + table.text)
    }
}

/// What can be asked for by itself.
enum Part: String, CaseIterable {
    case supervision, stages, agents, live, crowd, programs, docker

    func run(into table: inout BudgetTable) async throws {
        switch self {
        case .supervision: try await SupervisionBench.run(into: &table)
        case .stages: try StageBench.run(into: &table)
        case .agents: try await AgentBench.run(into: &table)
        case .live: try await LiveBench.run(sessions: 1_000, thorough: true, into: &table)
        case .crowd:
            try await LiveBench.runUnshown(sessions: 10_000, into: &table)
            try await LiveBench.run(sessions: 10_000, thorough: false, into: &table)
        case .programs: try ProgramBench.run(into: &table)
        case .docker: try DockerBench.run(into: &table)
        }
    }
}
