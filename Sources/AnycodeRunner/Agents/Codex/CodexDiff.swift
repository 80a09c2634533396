/// A change of one file as two texts: what stood there, and what stands there now.
///
/// Of an edited file the program tells only the hunks; those parts are all there is to show.
struct CodexDiff: Sendable, Hashable {
    /// Nil for a new file.
    var old: String?
    var new: String
    /// First line that changed, where known.
    var line: Int64?

    init(_ diff: String, type: String) {
        switch type {
        case "add": (old, new) = (nil, diff)
        case "delete": (old, new) = (diff, "")
        default: (old, new, line) = Self.hunks(diff)
        }
    }

    private static func hunks(_ diff: String) -> (old: String, new: String, line: Int64?) {
        var line: Int64?
        var before = ""
        var after = ""
        for row in diff.split(separator: "\n", omittingEmptySubsequences: false) {
            switch row.utf8.first {
            case UInt8(ascii: "@"):
                line = line ?? start(row)
                if !before.isEmpty || !after.isEmpty {
                    before += "…\n"
                    after += "…\n"
                }
            case UInt8(ascii: "-"): before += row.dropFirst() + "\n"
            case UInt8(ascii: "+"): after += row.dropFirst() + "\n"
            case UInt8(ascii: " "):
                before += row.dropFirst() + "\n"
                after += row.dropFirst() + "\n"
            default: continue
            }
        }
        return (before, after, line)
    }

    /// `@@ -12,3 +14,4 @@` begins at line 14.
    private static func start(_ header: Substring) -> Int64? {
        let part = header.split(separator: " ").first { $0.hasPrefix("+") }
        return part?.dropFirst().split(separator: ",").first.flatMap { Int64($0) }
    }
}
