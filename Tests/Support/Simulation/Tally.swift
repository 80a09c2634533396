/// How often things happened that a simulation is there to exercise. A rule that held because nothing happened proves
/// nothing, so the tally is printed beside the rate.
package struct Tally: Sendable, Hashable {
    package private(set) var counts: [String: Int] = [:]

    package init() {}

    package mutating func add(_ what: String, _ number: Int = 1) {
        counts[what, default: 0] += number
    }

    package mutating func add(_ other: Tally) {
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    /// One line, for the process that gathers: `crashes=3;floods=1`.
    package var line: String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ";")
    }

    package init(line: String) {
        for part in line.split(separator: ";") {
            guard let place = part.lastIndex(of: "="), let number = Int(part[part.index(after: place)...]) else {
                continue
            }
            add(String(part[..<place]), number)
        }
    }

    /// A table for people, in columns, the names in order.
    package var table: String {
        let rows = counts.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let widths = (rows.map(\.0.count).max() ?? 0, rows.map(\.1.count).max() ?? 0)
        return rows.map { name, number in
            "  " + name + String(repeating: " ", count: widths.0 - name.count + 2 + widths.1 - number.count) + number
        }.joined(separator: "\n")
    }
}
