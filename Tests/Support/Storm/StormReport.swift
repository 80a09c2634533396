/// What a storm came to.
package struct StormReport: Sendable {
    package var byKind: [KillKind: Int] = [:]
    /// The daemon had ended, as told, before it could be killed.
    package var endedBeforeKill = 0
    package var jobs = 0
    package var ends: [String: Int] = [:]
    package var verdict = Verdict()
    /// Requests that the Bot API refused, by kind.
    package var violations: [String: Int] = [:]
    package var orphans: [String] = []
    package var complaints: [String] = []
    package var recoveries: [Duration] = []
    package var elapsed = Duration.zero

    package init() {}

    package var kills: Int { byKind.values.reduce(0, +) }
    package var isGood: Bool { verdict.isGood && orphans.isEmpty && complaints.isEmpty }

    func recovery(_ share: Double) -> Duration {
        let sorted = recoveries.sorted()
        guard !sorted.isEmpty else { return .zero }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = Int(duration / .milliseconds(1))
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest) s"
    }

    func progress(of plan: Plan, settled: Verdict, live: Int, ended: Int) -> String {
        """
        \(kills)/\(plan.kills) kills · \(elapsed.components.seconds) s · sessions \(ended) ended, \(live) live · \
        settled: \(settled.lines) lines, lost \(settled.lost.count), unlabelled repeats \(settled.repeated.count), \
        labelled \(settled.labelled), out of order \(settled.disordered.count), otherwise wrong \(settled.wrong.count) · \
        recovery p50 \(Self.seconds(recovery(0.5))) p99 \(Self.seconds(recovery(0.99)))
        """
    }

    /// The table, and every problem in words.
    package var text: String {
        var rows: [(String, String)] = [("kills", "\(kills)")]
        for kind in KillKind.allCases { rows.append(("  \(kind.rawValue)", "\(byKind[kind] ?? 0)")) }
        rows += [
            ("ended before the kill", "\(endedBeforeKill)"), ("sessions", "\(jobs)"),
        ]
        for (end, count) in ends.sorted(by: { $0.key < $1.key }) { rows.append(("  \(end)", "\(count)")) }
        rows += [
            ("messages", "\(verdict.messages)"), ("lines the agents said", "\(verdict.lines)"),
            ("lost", "\(verdict.lost.count)"), ("unlabelled repeats", "\(verdict.repeated.count)"),
            ("labelled repeats", "\(verdict.labelled)"), ("out of order", "\(verdict.disordered.count)"),
            ("otherwise wrong", "\(verdict.wrong.count + complaints.count)"), ("orphans", "\(orphans.count)"),
            ("recovery p50", Self.seconds(recovery(0.5))), ("recovery p99", Self.seconds(recovery(0.99))),
            ("recoveries measured", "\(recoveries.count)"), ("time", Self.seconds(elapsed)),
        ]
        for (kind, count) in violations.sorted(by: { $0.key < $1.key }) {
            rows.append(("refused by the chat: \(kind)", "\(count)"))
        }
        let width = rows.map(\.0.count).max() ?? 0
        let table = rows.map { $0.0 + String(repeating: " ", count: width + 2 - $0.0.count) + $0.1 }
        let problems = [
            ("lost", verdict.lost), ("repeated", verdict.repeated), ("out of order", verdict.disordered),
            ("wrong", verdict.wrong + complaints), ("orphan", orphans),
        ].flatMap { kind, list in list.prefix(40).map { "! \(kind): \($0)" } }
        return (table + problems).joined(separator: "\n")
    }
}
