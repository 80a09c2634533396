#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The tree over time: redrawn in place on a terminal, elsewhere written anew at each change.
package struct LiveTree: Sendable {
    private var tree: TreeNode?
    private var arrival: ContinuousClock.Instant
    private var drawnLines = 0

    package init(now: ContinuousClock.Instant = .now) {
        arrival = now
    }

    /// What to write after a change.
    package mutating func text(
        after change: ControlClient.Change, at now: ContinuousClock.Instant = .now, _ style: Style
    ) -> String {
        switch change {
        case .tree(let new):
            tree = new
            arrival = now
        case .tick:
            // Ages go on without news, but only where they can be overwritten.
            guard style.width != nil else { return "" }
        }
        guard let tree else { return "" }
        let lines = render(tree.aged(by: (now - arrival) / .seconds(1)), style)
        guard style.width != nil else { return lines.map { $0 + "\n" }.joined() + "\n" }
        return frame(fitting(lines, style.height))
    }

    /// A change as one line of JSON; nothing for a tick.
    package static func json(_ change: ControlClient.Change) -> String {
        guard case .tree(let tree) = change, let line = try? WireCoding.encode(tree) else { return "" }
        return String(decoding: line, as: UTF8.self) + "\n"
    }

    private mutating func frame(_ lines: [String]) -> String {
        let back = drawnLines > 0 ? "\u{1B}[\(drawnLines)A\r" : ""
        drawnLines = lines.count
        return back + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J"
    }

    /// What scrolled away could not be drawn over.
    private func fitting(_ lines: [String], _ height: Int?) -> [String] {
        guard let height, lines.count >= height, height > 2 else { return lines }
        let shown = lines.prefix(height - 2)
        return shown + ["… \(lines.count - shown.count) more"]
    }
}
