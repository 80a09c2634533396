import AnycodeControl

/// The tree, each time it looks different.
///
/// Nodes change what they say without telling anybody, which keeps saying it cheap. So while somebody watches, and only
/// then, the tree is looked at twice a second; taking a snapshot waits for nobody.
actor TreeSampler {
    static let interval: Duration = .milliseconds(500)
    /// After so many looks the tree is told even if it is the same, so that a reader who left is noticed.
    static let patience = 20

    private let look: @Sendable () -> TreeNode?
    private let sleep: @Sendable (Duration) async throws -> Void
    private var last: TreeNode?

    init(
        look: @escaping @Sendable () -> TreeNode?, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.look = look
        self.sleep = sleep
    }

    /// The next tree; `nil` when the reader was cancelled.
    func next() async -> TreeNode? {
        var looks = 0
        while !Task.isCancelled {
            if last != nil {
                do { try await sleep(Self.interval) } catch { return nil }
                looks += 1
            }
            guard let tree = look() else { return nil }
            let expected = last?.aged(by: Double(looks) * Self.interval.seconds)
            if looks >= Self.patience || !tree.looksLike(expected) {
                last = tree
                return tree
            }
        }
        return nil
    }
}

extension Duration {
    fileprivate var seconds: Double { self / .seconds(1) }
}

extension TreeNode {
    /// Whether two trees differ by no more than a clock's inexactness.
    func looksLike(_ other: TreeNode?) -> Bool {
        guard let other else { return false }
        return id == other.id && kind == other.kind && state == other.state && restarts == other.restarts
            && lastError == other.lastError && details == other.details && abandoned == other.abandoned
            && Self.isNear(uptime, other.uptime) && isSameWait(waiting, other.waiting)
            && deadlines.map(\.name) == other.deadlines.map(\.name)
            && zip(deadlines, other.deadlines).allSatisfy { Self.isNear($0.seconds, $1.seconds) }
            && children.count == other.children.count
            && zip(children, other.children).allSatisfy { $0.looksLike($1) }
    }

    private func isSameWait(_ a: Waiting?, _ b: Waiting?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return a.reason == b.reason && a.on == b.on && Self.isNear(a.seconds, b.seconds)
            && Self.isNear(a.deadline, b.deadline)
    }

    private static func isNear(_ a: Double?, _ b: Double?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return abs(a - b) < 2
    }
}
