/// A length of time as people say it: "41 s", "12 min", "2 h", "3 d".
func words(for seconds: Double) -> String {
    let value = max(0, seconds)
    switch value {
    case ..<100: return "\(Int(value)) s"
    case ..<6_000: return "\(Int(value / 60)) min"
    case ..<172_800: return "\(Int(value / 3_600)) h"
    default: return "\(Int(min(value / 86_400, 1_000_000))) d"
    }
}

/// `waiting for Ana: permission "rm -rf build", 41 s, 11 h left`
func words(for waiting: TreeNode.Waiting) -> String {
    let what = waiting.on.map { "waiting for \($0): \(waiting.reason)" } ?? waiting.reason
    let left = waiting.deadline.map { $0 < 0 ? ", overdue" : ", \(words(for: $0)) left" }
    return "\(what), \(words(for: waiting.seconds))\(left ?? "")"
}

/// `silence, 8 min left`
func words(for deadline: SessionDetail.Deadline) -> String {
    "\(deadline.name), " + (deadline.seconds < 0 ? "overdue" : "\(words(for: deadline.seconds)) left")
}

/// The shortest beginning of an id, of at least eight characters, that no other of the list shares.
func shortID(_ id: String, among ids: [String]) -> String {
    var length = 8
    while length < id.count, ids.contains(where: { $0 != id && $0.hasPrefix(id.prefix(length)) }) { length += 1 }
    return String(id.prefix(length))
}
