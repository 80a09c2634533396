import AnycodeControl
import AnycodeCore
import AnycodeRuntime
import AnycodeStore
import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension TreeNode {
    init(_ node: NodeSnapshot, at path: NodePath = NodePath([])) {
        var details = node.details
        // A session is known by its agent.
        if let agent = details.removeValue(forKey: "agent") { details[Detail.label] = agent }
        self.init(
            id: node.id, path: path.description, kind: node.kind.rawValue, state: node.state.rawValue,
            uptime: node.uptime, restarts: node.restarts, lastError: node.lastError,
            waiting: node.waiting.map(Waiting.init), details: details, abandoned: node.abandoned,
            children: node.children.map { TreeNode($0, at: path.appending($0.id)) })
    }
}

extension TreeNode.Waiting {
    init(_ waiting: NodeSnapshot.Waiting) {
        self.init(reason: waiting.reason, on: waiting.on, seconds: waiting.seconds, deadline: waiting.deadline)
    }
}

extension SessionBrief {
    /// The phase, or that a person is asked.
    var word: String { activity == .waiting ? "waiting" : phase }

    /// The deadlines, counted from `instant`.
    func left(at instant: Duration) -> [SessionDetail.Deadline] {
        deadlines.map { SessionDetail.Deadline(name: $0.name, seconds: ($0.at - instant).inSeconds) }
    }
}

extension SessionSummary {
    init(_ row: SessionRow, _ brief: SessionBrief?, _ waiting: NodeSnapshot.Waiting?, now: Date) {
        self.init(
            id: row.id.rawValue, state: brief?.word ?? row.state, isLive: row.isLive, agent: row.agent.rawValue,
            chat: row.conversation.description, starter: row.starter.name, prompt: row.prompt,
            repository: row.stored?.repository, age: now.timeIntervalSince(row.createdAt),
            // A session always waits for something; a list tells only of people.
            waiting: brief?.activity == .waiting ? waiting.map(TreeNode.Waiting.init) : nil)
    }
}

extension SessionDetail {
    /// Rows of other tables about a session.
    struct Related: Sendable {
        var interactions: [InteractionRow] = []
        var leases: [LeaseRow] = []
        var saves: [SaveRow] = []
    }

    init(
        _ row: SessionRow, _ brief: SessionBrief?, _ waiting: NodeSnapshot.Waiting?, _ related: Related, now: Date,
        instant: Duration
    ) {
        let state = row.stored?.state
        var summary = SessionSummary(row, brief, waiting, now: now)
        summary.waiting = waiting.map(TreeNode.Waiting.init)
        self.init(
            summary: summary, commit: state?.workspace?.base, turns: state?.turn ?? 0,
            agentSeconds: state?.agentSeconds ?? 0, cost: state?.usage?.words,
            reason: state?.phase.reason ?? brief?.trouble ?? state?.trouble ?? row.quarantineReason,
            queued: brief?.queued ?? state?.queue.count ?? 0, maskings: brief?.maskings ?? state?.maskings ?? 0,
            deadlines: brief?.left(at: instant) ?? [],
            interactions: related.interactions.map { Interaction($0, now: now) },
            resources: related.leases.map { Resource($0, now: now) },
            saves: related.saves.map { Save($0, now: now) })
    }
}

extension SessionDetail.Interaction {
    init(_ row: InteractionRow, now: Date) {
        let ask = try? JSONDecoder().decode(Ask.self, from: Data(row.body))
        self.init(
            kind: row.kind, title: ask?.title ?? "", state: row.state,
            answer: row.answer.map { String(decoding: $0, as: UTF8.self) }, answeredBy: row.answeredBy?.name,
            age: now.timeIntervalSince(row.createdAt))
    }
}

extension SessionDetail.Resource {
    init(_ row: LeaseRow, now: Date) {
        let state = row.lastError.map { "\(row.state): \($0)" } ?? row.state
        self.init(
            kind: "\(row.provider) sandbox", name: row.id.rawValue, state: state,
            age: now.timeIntervalSince(row.createdAt))
    }
}

extension SessionDetail.Save {
    init(_ row: SaveRow, now: Date) {
        self.init(path: row.path, changedFiles: row.files, age: now.timeIntervalSince(row.createdAt))
    }
}

extension Ask {
    fileprivate var title: String {
        switch kind {
        case .permission(let request): request.toolCall.title ?? "use of a tool"
        case .question(let request): request.message
        case .repository(let problem): problem
        case .settings: "the repository's settings for the agent"
        }
    }
}

extension SessionState.Phase {
    /// Why the session ends or ended, where it is told.
    fileprivate var reason: String? {
        let reason: String? =
            switch self {
            case .stopping(let ending), .reviving(let ending), .closing(let ending), .destroying(let ending, _):
                ending.reason
            case .done(let report): report.reason
            default: nil
            }
        return reason?.isEmpty == true ? nil : reason
    }
}

extension AgentUsage {
    fileprivate var words: String? {
        guard let cost, cost.isFinite, abs(cost) < 1e12 else { return nil }
        let cents = Int((cost * 100).rounded())
        let digits = "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
        return [digits, currency].compactMap(\.self).joined(separator: " ")
    }
}

extension StoredSession {
    fileprivate var repository: String? {
        guard let source = state.source else { return nil }
        let branch = state.workspace?.branch ?? source.source.branch
        return branch.map { "\(source.spelling) (\($0))" } ?? source.spelling
    }
}

extension SessionRow {
    /// Why it was set aside, if it was.
    fileprivate var quarantineReason: String? {
        guard state == "quarantined" else { return nil }
        return "set aside: three times in a row the daemon went down just after taking it up; its data and its sandbox "
            + "are kept"
    }

    var header: SessionHeader? { stored?.header }

    fileprivate var stored: StoredSession? {
        try? JSONDecoder().decode(StoredSession.self, from: Data(snapshot))
    }
}
