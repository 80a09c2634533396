import AnycodeCore

/// Final messages: what happened, how long it took, what changed, what it cost, where the patch is.
enum ReportView {
    /// Where a turn's report stands, which decides what can be done from it.
    enum Stand {
        /// Another turn has begun, or the session's end has a message of its own.
        case past
        /// The session waits for a follow-up.
        case newest
        /// The session ended quietly after this turn.
        case last
    }

    static func message(_ report: TurnReport, _ stand: Stand = .newest, header: SessionHeader) -> OutgoingMessage {
        let first =
            switch report.outcome {
            case .done: "✅ Done"
            case .stopped(let reason): "⚠️ Stopped: \(reason)"
            case .cancelled: "⏹ Stopped"
            case .failed(let reason): "❌ Failed: \(reason)"
            }
        var message = compose(
            first, report.seconds, report.save, spent(report.taken, report.usage), report.token, header)
        let goOn = ChatButton(label: "Continue", token: ButtonToken.goOn(report.token), style: .offer)
        let finish = ChatButton(label: "Finish", token: ButtonToken.finish(report.token), style: .offer)
        let pull = pullRequest(report.offersPullRequest, report.token)
        switch stand {
        case .past: break
        case .newest: add(pull + [goOn, finish], to: &message)
        case .last: add(pull + [goOn], to: &message)
        }
        return message
    }

    static func message(_ report: SessionReport, header: SessionHeader) -> OutgoingMessage {
        let reason = report.reason.isEmpty ? "" : ": \(report.reason)"
        let first =
            switch report.outcome {
            case .completed: "✅ Completed\(reason)"
            case .failed: "❌ Failed\(reason)"
            case .cancelled: "⏹ Cancelled\(reason)"
            case .timedOut: "⏰ Timed out\(reason)"
            case .parked: "🅿️ Parked\(reason)"
            }
        var message = compose(first, report.seconds, report.save, spent(nil, report.usage), report.token, header)
        if report.outcome == .parked { message.markdown += "\n`/resume \(header.id.short)` goes on from here." }
        let resume = ChatButton(label: "Resume", token: ButtonToken.resume(report.token), style: .offer)
        add(pullRequest(report.offersPullRequest, report.token) + [resume], to: &message)
        return message
    }

    private static func pullRequest(_ isOffered: Bool?, _ token: String) -> [ChatButton] {
        guard isOffered == true else { return [] }
        return [ChatButton(label: "Open PR", token: ButtonToken.pullRequest(token), style: .offer)]
    }

    private static func add(_ buttons: [ChatButton], to message: inout OutgoingMessage) {
        message.buttons = [message.buttons.joined() + buttons]
    }

    private static func compose(
        _ first: String, _ seconds: Int, _ save: SaveReport?, _ spent: String?, _ token: String,
        _ header: SessionHeader
    ) -> OutgoingMessage {
        var facts = [duration(seconds)]
        var lines: [String] = []
        var buttons: [[ChatButton]] = []
        var document: ChatAttachment?
        switch save {
        case .clean: facts.append("no files changed")
        case .saved(let patch):
            facts.append(changes(patch))
            lines += list(patch)
            document = DiffMessage.document(patch, session: header.id)
            lines.append("Patch: `\(patch.path)`")
            if let omitted = patch.omitted {
                lines.append("⚠️ Not in the patch, since it would be too big: \(StreamView.code(omitted))")
            }
            if patch.holdsSecret { lines.append("⚠️ A secret is in the changes, so they are not shown in the chat.") }
            buttons = [[ChatButton(label: "Diff", token: ButtonToken.diff(token))]]
        case .failed(let reason, let last):
            lines.append("The workspace could not be saved: \(reason)")
            if let last {
                lines.append("The last save before that: `\(last.path)` (\(changes(last)))")
                buttons = [[ChatButton(label: "Diff", token: ButtonToken.diff(token))]]
            }
        case nil: break
        }
        if let spent { facts.append(spent) }
        lines.insert("\(first) · `\(header.id.short)` · \(facts.joined(separator: " · "))", at: 0)
        return OutgoingMessage(
            markdown: lines.joined(separator: "\n"), buttons: buttons, attachment: document, rings: true)
    }

    /// The changed files, a line each.
    private static func list(_ patch: SavedPatch) -> [String] {
        guard let list = patch.list, !list.isEmpty else { return [] }
        var lines = list.map { file in
            let change = file.added.map { " (+\($0) −\(file.removed ?? 0))" } ?? " (binary)"
            return "* \(StreamView.code(file.path))\(change)"
        }
        if patch.files > list.count { lines.append("* … \(patch.files - list.count) more") }
        return lines + [""]
    }

    static func changes(_ patch: SavedPatch) -> String {
        "\(patch.files) file\(patch.files == 1 ? "" : "s") changed (+\(patch.added) −\(patch.removed))"
    }

    static func duration(_ seconds: Int) -> String {
        if seconds < 60 { return "\(seconds) s" }
        let minutes = seconds / 60
        if minutes < 60 { return seconds % 60 == 0 ? "\(minutes) min" : "\(minutes) min \(seconds % 60) s" }
        return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
    }

    /// What the turn took, and all turns together where that is more.
    private static func spent(_ turn: AgentUsage?, _ all: AgentUsage?) -> String? {
        guard let total = words(all) else { return nil }
        guard let part = words(turn), part != total else { return total }
        return "\(part) (in all \(total))"
    }

    private static func words(_ usage: AgentUsage?) -> String? {
        let parts = [usage?.tokens.map(tokens), usage?.cost.flatMap { money($0, usage?.currency) }].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// `950 tokens`, `12.3k tokens`, `1.2M tokens`
    private static func tokens(_ count: Int64) -> String {
        func tenths(_ unit: Int64) -> String { "\(count / unit).\(count % unit * 10 / unit)" }
        if count < 1000 { return "\(count) tokens" }
        return count < 1_000_000 ? "\(tenths(1000))k tokens" : "\(tenths(1_000_000))M tokens"
    }

    /// `nil` for what cannot be an amount: agents say numbers of all kinds.
    private static func money(_ cost: Double, _ currency: String?) -> String? {
        guard (0..<1e12).contains(cost) else { return nil }
        let cents = Int((cost * 10_000).rounded())
        let digits = String(cents % 10_000)
        let fraction = String(repeating: "0", count: 4 - digits.count) + digits
        let amount = "\(cents / 10_000).\(fraction.hasSuffix("00") ? String(fraction.prefix(2)) : fraction)"
        return (currency ?? "USD") == "USD" ? "$\(amount)" : "\(amount) \(currency ?? "")"
    }
}
