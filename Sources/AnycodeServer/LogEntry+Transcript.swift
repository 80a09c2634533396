import AnycodeControl
import AnycodeCore
import AnycodeRuntime

extension AnycodeRuntime.TranscriptEntry {
    /// The entry in words; `nil` for what says nothing new.
    var told: (kind: LogEntry.Kind, words: String)? {
        switch self {
        case .progressed(let words): (.status, words)
        case .prepared(let workspace): (.status, workspace.words)
        case .restored(let restoration): (.status, restoration.words)
        case .prompted(_, let person, let text): (.prompt, "\(person.name): \(text)")
        case .queued(let text): (.status, "waits for its turn: \(text)")
        case .unqueued(let text): (.status, "moved to another session: \(text)")
        case .tagged: nil
        case .text(let text): (.text, text)
        case .thought(let text): (.thought, text)
        case .tool(let call): (.tool, "\(call.title) (\(call.status.words))")
        case .toolUpdated(let update): update.status.map { (.tool, "\(update.title ?? "tool") (\($0.words))") }
        case .plan(let entries): (.plan, entries.map(\.words).joined(separator: "\n"))
        case .asked(let ask): (.question, ask.words)
        case .answeredField(_, _, let selection, let person):
            (.answer, "\(person.name): \(selection.joined(separator: ", "))")
        case .resolved(_, let resolution):
            (.answer, [resolution.by?.name, resolution.choice].compactMap(\.self).joined(separator: ": "))
        case .reminded: (.status, "brought the question to mind")
        case .timeOffered(let offer): (.question, "more time? \(offer.used) s of \(offer.limit) s are used")
        case .timeGranted(_, let person, let limit): (.answer, "\(person.name): +30 min, \(limit) s in all")
        case .notice(let words): (.notice, words)
        case .turnEnded(let report): (.result, "turn \(report.turn) \(report.words)")
        case .finished(let report): (.result, "session \(report.words)")
        }
    }
}

extension PreparedWorkspace {
    fileprivate var words: String {
        let facts = [branch.map { "branch \($0)" }, base.isEmpty ? nil : "at \(base.prefix(12))"].compactMap(\.self)
        return "workspace ready" + (facts.isEmpty ? "" : ", " + facts.joined(separator: " "))
    }
}

extension Restoration {
    fileprivate var words: String {
        let changes = patch.map { "brought back \($0.path)" } ?? "there were no changes to bring back"
        return "goes on from session \(session.short), \(changes)"
    }
}

extension ToolCall.Status {
    fileprivate var words: String {
        switch self {
        case .pending: "pending"
        case .inProgress: "in progress"
        case .completed: "completed"
        case .failed: "failed"
        }
    }
}

extension PlanEntry {
    fileprivate var words: String {
        switch status {
        case .pending: "[ ] \(text)"
        case .inProgress: "[~] \(text)"
        case .completed: "[x] \(text)"
        }
    }
}

extension Ask {
    fileprivate var words: String {
        switch kind {
        case .permission(let request):
            "permission \(request.toolCall.title ?? "to use a tool"): "
                + request.options.map(\.name).joined(separator: ", ")
        case .question(let request): request.message
        case .repository(let problem): "repository: \(problem)"
        case .settings(let settings): "settings of the repository: \(settings.wishes.joined(separator: "; "))"
        }
    }
}

extension TurnReport {
    fileprivate var words: String {
        let outcome =
            switch outcome {
            case .done: "done"
            case .stopped(let reason): "stopped: \(reason)"
            case .cancelled: "stopped"
            case .failed(let reason): "failed: \(reason)"
            }
        return [outcome, "\(seconds) s", save?.words].compactMap(\.self).joined(separator: ", ")
    }
}

extension SessionReport {
    fileprivate var words: String {
        let outcome = reason.isEmpty ? outcome.rawValue : "\(outcome.rawValue): \(reason)"
        return [outcome, "\(seconds) s", save?.words].compactMap(\.self).joined(separator: ", ")
    }
}

extension SaveReport {
    fileprivate var words: String {
        switch self {
        case .clean: "no files changed"
        case .saved(let patch):
            "\(patch.files) \(patch.files == 1 ? "file" : "files") (+\(patch.added) −\(patch.removed)) in \(patch.path)"
        case .failed(let reason, let last):
            "could not be saved: \(reason)" + (last.map { "; the last save is \($0.path)" } ?? "")
        }
    }
}
