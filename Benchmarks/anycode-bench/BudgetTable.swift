import Foundation

/// One table: what, measured, budget, and whether it was kept.
struct BudgetTable {
    enum Budget {
        case atMost(Double)
        case atLeast(Double)

        func holds(_ value: Double) -> Bool {
            switch self {
            case .atMost(let limit): value <= limit
            case .atLeast(let limit): value >= limit
            }
        }

        func words(_ unit: String) -> String {
            switch self {
            case .atMost(let limit): "≤ \(limit.short)\(unit)"
            case .atLeast(let limit): "≥ \(limit.short)\(unit)"
            }
        }
    }

    private enum Line {
        case title(String)
        case row([String])
    }

    private var lines: [Line] = []
    private var notes: [String] = []
    private var missed = 0

    mutating func begin(_ title: String) {
        lines.append(.title(title))
        print("… \(title)")
        fflush(nil)
    }

    mutating func add(_ what: String, _ value: Double, _ unit: String = "", _ budget: Budget? = nil) {
        let unit = unit.isEmpty || unit == "×" ? unit : " " + unit
        let verdict = budget.map { $0.holds(value) ? "kept" : "MISSED" } ?? ""
        if verdict == "MISSED" { missed += 1 }
        lines.append(.row([what, value.short + unit, budget?.words(unit) ?? "", verdict]))
        print("  \(what): \(value.short)\(unit)")
        fflush(nil)
    }

    /// What a reader of the figures must know, below the table.
    mutating func note(_ words: String) { notes.append(words) }

    var text: String {
        let header = ["what", "measured", "budget", ""]
        let rows = lines.compactMap { line in if case .row(let cells) = line { cells } else { nil } }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func text(_ cells: [String]) -> String {
            let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return "  " + padded.joined(separator: "  ").trimmedAtEnd
        }
        let body = lines.map { line in
            switch line {
            case .title(let title): "\n\(title)"
            case .row(let cells): text(cells)
            }
        }
        let verdict = missed == 0 ? "All budgets were kept." : "\(missed) missed: look for MISSED."
        return ([text(header)] + body + ["", verdict] + notes.map { "* \($0)" }).joined(separator: "\n")
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}

extension Double {
    /// Three significant digits, plainly.
    var short: String {
        if magnitude >= 100 || self == rounded() { return String(Int(rounded())) }
        let scale = magnitude >= 10 ? 10.0 : magnitude >= 1 ? 100.0 : 1000.0
        let scaled = (self * scale).rounded() / scale
        return scaled == scaled.rounded() ? String(Int(scaled)) : String(scaled)
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}

extension [Double] {
    /// The value below which this share of all lies; 0 of none.
    func percentile(_ share: Double) -> Double {
        guard !isEmpty else { return 0 }
        return sorted()[Swift.min(count - 1, Int(Double(count) * share))]
    }

    var median: Double { percentile(0.5) }
}
