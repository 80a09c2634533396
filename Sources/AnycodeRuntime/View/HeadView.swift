import AnycodeCore

/// A session's first message: what runs, where, and how it stands.
enum HeadView {
    static func message(_ transcript: Transcript) -> OutgoingMessage {
        let header = transcript.header
        var lines = ["**\(header.agent)** · `\(header.id.short)`"]
        if let origin = header.origin { lines.append("Goes on from: `\(origin.session.short)`") }
        lines.append("Repository: \(repository(transcript))")
        lines.append("Status: \(status(transcript))")
        if !transcript.queued.isEmpty, transcript.report == nil {
            let count = transcript.queued.count
            lines.append("Waiting their turn: \(count) message\(count == 1 ? "" : "s")")
        }
        var buttons: [[ChatButton]] = []
        if transcript.report == nil {
            let stop = ChatButton(label: "Stop", token: ButtonToken.stop(header))
            let cancel = ChatButton(label: "Cancel", token: ButtonToken.cancel(header), style: .danger)
            buttons = [transcript.turnRuns ? [stop, cancel] : [cancel]]
        }
        return OutgoingMessage(markdown: lines.joined(separator: "\n"), buttons: buttons)
    }

    private static func repository(_ transcript: Transcript) -> String {
        guard let requested = transcript.header.source else { return "none (an empty workspace)" }
        let branch = transcript.prepared?.branch ?? requested.source.branch
        let commit = transcript.prepared.map { " at `\($0.base.prefix(8))`" } ?? ""
        let pull = requested.source.pull.map { ", pull request \($0)" } ?? ""
        return "\(requested.spelling)\(branch.map { ", branch `\($0)`" } ?? "")\(pull)\(commit)"
    }

    private static func status(_ transcript: Transcript) -> String {
        guard let report = transcript.report else { return transcript.progress }
        let words =
            switch report.outcome {
            case .completed: "completed"
            case .failed: "failed"
            case .cancelled: "cancelled"
            case .timedOut: "timed out"
            case .parked: "parked"
            }
        let by = !report.rings && !report.reason.isEmpty ? " (\(report.reason))" : ""
        return "\(words)\(by), \(report.sandboxGone ? "sandbox removed" : "sandbox still being removed")"
    }
}
