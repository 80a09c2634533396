/// Measures what the design budgets, and prints one table. Figures are of this machine at this moment: compare rows of
/// one run with each other, not runs with each other.
@main
enum Bench {
    static func main() async throws {
        var table = BudgetTable()
        try await SupervisionBench.run(children: 1_000, into: &table)
        try await SupervisionBench.run(children: 100_000, into: &table)
        try await PipelineBench.run(sessions: 100, deltas: 1_000, into: &table)
        try ProgramBench.run(into: &table)
        try await AgentBench.run(into: &table)
        print(table.text)
    }
}

/// One table: what, measured, budget.
struct BudgetTable {
    private var rows: [[String]] = []

    mutating func add(_ what: String, _ measured: String, budget: String = "") {
        rows.append([what, measured, budget])
        print("measured: \(what): \(measured)")
    }

    var text: String {
        let all = [["what", "measured", "budget"]] + rows
        let widths = (0..<3).map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
