import Synchronization

/// What a child, or a part of one, says about itself in snapshots.
///
/// Writing and reading never wait: a snapshot shows the last thing said, however stuck the child is.
public final class StatusCell: Sendable {
    private struct Wait {
        let token: Int
        let reason: String
        let on: String?
        let since: Duration
        let deadline: Duration?
    }

    private struct Contents {
        var state: NodeState?
        var waits: [Wait] = []
        var nextToken = 1
        var details: [String: String] = [:]
        var parts: [StatusCell] = []
        var lastError: String?
    }

    /// The part's id; for a child itself, the child's.
    public let id: String
    /// What it is.
    public let kind: NodeKind
    private let created: Duration
    private let time: TimeSource
    private let contents = Mutex(Contents())

    init(id: String, kind: NodeKind, time: TimeSource, age: Duration = .zero) {
        self.id = id
        self.kind = kind
        self.time = time
        created = time.now - age
    }

    /// Says what is being waited for, in place of what was said by this method before. The same wait said again goes on
    /// since it was said first.
    /// - Parameters:
    ///   - reason: For what, in words a person can read.
    ///   - on: On whom or what.
    ///   - limit: How long the wait may take; shown only, not enforced.
    ///   - lasting: For how long it has lasted already, where that is known better.
    public func wait(
        for reason: String, on: String? = nil, within limit: Duration? = nil, lasting: Duration? = nil
    ) {
        setWait(token: 0, reason, on, limit, lasting)
    }

    /// Says that the wait is over.
    public func endWait() {
        endWait(0)
    }

    /// Says what is being waited for while `body` runs. Of nested or simultaneous waits the newest is shown.
    public func waiting<Result>(
        for reason: String, on: String? = nil, within limit: Duration? = nil,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        let token = contents.withLock { contents in
            defer { contents.nextToken += 1 }
            return contents.nextToken
        }
        setWait(token: token, reason, on, limit)
        defer { endWait(token) }
        return try await body()
    }

    /// A fact to show, by name; nil shows nothing.
    public subscript(detail name: String) -> String? {
        get { contents.withLock { $0.details[name] } }
        set { contents.withLock { $0.details[name] = newValue } }
    }

    /// Sets what a part is doing. A child's own state is its supervisor's to tell, so there it is shown as a detail.
    public func setState(_ state: NodeState?) {
        contents.withLock { $0.state = state }
    }

    /// Sets the error to show for a part; a child's own is its last crash unless set here.
    public func setLastError(_ text: String?) {
        contents.withLock { $0.lastError = text }
    }

    /// A part of this one, shown as a node below it and made on first use.
    /// - Parameter age: How old what the part tells of is already when the part is made.
    public func node(_ id: String, kind: NodeKind = .part, age: Duration = .zero) -> StatusCell {
        contents.withLock { contents in
            if let part = contents.parts.first(where: { $0.id == id }) { return part }
            let part = StatusCell(id: id, kind: kind, time: time, age: age)
            contents.parts.append(part)
            return part
        }
    }

    /// Stops showing a part.
    public func removeNode(_ id: String) {
        contents.withLock { $0.parts.removeAll { $0.id == id } }
    }

    private func setWait(
        token: Int, _ reason: String, _ on: String?, _ limit: Duration?, _ lasting: Duration? = nil
    ) {
        let now = time.now
        contents.withLock { contents in
            let before = contents.waits.first { $0.token == token && $0.reason == reason && $0.on == on }
            let since = lasting.map { now - $0 } ?? before?.since ?? now
            contents.waits.removeAll { $0.token == token }
            contents.waits.append(
                Wait(token: token, reason: reason, on: on, since: since, deadline: limit.map { now + $0 }))
        }
    }

    private func endWait(_ token: Int) {
        contents.withLock { $0.waits.removeAll { $0.token == token } }
    }

    /// The cell as a node of its own.
    func snapshot(at now: Duration) -> NodeSnapshot {
        var node = NodeSnapshot(
            id: id, kind: kind, state: .running, uptime: (now - created).seconds, incarnation: 1
        )
        let state = merge(into: &node, at: now)
        if let state { node.state = state }
        return node
    }

    /// Adds what the cell says to a node and returns the state it names.
    @discardableResult
    func merge(into node: inout NodeSnapshot, at now: Duration) -> NodeState? {
        let contents = contents.withLock { $0 }
        node.details.merge(contents.details) { _, own in own }
        node.children += contents.parts.map { $0.snapshot(at: now) }
        if let error = contents.lastError { node.lastError = error }
        if let wait = contents.waits.last {
            node.waiting = NodeSnapshot.Waiting(
                reason: wait.reason, on: wait.on, seconds: (now - wait.since).seconds,
                deadline: wait.deadline.map { ($0 - now).seconds }
            )
        }
        return contents.state
    }
}
