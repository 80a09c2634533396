import AnycodeCore

/// A pull request from a session's changes: wanted, confirmed, then pushed by the runner and opened by the daemon.
extension SessionMachine {
    /// How long the sandbox lives on at least while one is being opened.
    static let pullRequestWait: Duration = .seconds(15 * 60)

    /// The branch that the changes go to.
    var pullRequestBranch: String { state.published?.name ?? "anycode/\(header.id.short)" }

    /// Whether one is asked about or being opened.
    var hasPullRequest: Bool { state.pullRequest != nil || state.asksPullRequest == true }

    /// The session was begun for it, from what an ended one left: no agent is started before somebody writes.
    mutating func offerPullRequest(_ title: String, _ patch: SavedPatch?) {
        guard state.queue.isEmpty else {
            reply("`/pr \(header.id.short)` opens the pull request when the agent is done.")
            return openAgent()
        }
        state.phase = .idle
        state.agentIsGone = true
        if let patch, policy.pullRequestProblem(state.source?.source, patch) == nil {
            progressed("waiting for an answer about the pull request")
            confirmPullRequest(title, patch)
        } else {
            progressed("ready for a message")
        }
    }

    mutating func wantPullRequest(_ title: String, by person: Person, _ callback: String?) {
        func answer(_ words: String) {
            if let callback { act(.answerClick(callback, note: words)) } else { reply(words) }
        }
        guard mayControl(person) else { return answer("Only \(header.starter.name) may open a pull request.") }
        guard state.phase == .idle else {
            let isComing = state.turn == 0 && header.origin?.pullRequest != nil
            return answer(
                isEnding
                    ? "The session is just ending; ask again in a moment."
                    : isComing ? "It is on its way." : "The agent is at work; ask again when it is done.")
        }
        guard state.pullRequest == nil else { return answer("It is being opened already.") }
        if let problem = policy.pullRequestProblem(state.source?.source, state.lastSave) { return answer(problem) }
        guard let patch = state.lastSave else { return }
        if let callback { act(.answerClick(callback, note: "")) }
        confirmPullRequest(title, patch)
    }

    /// The task's first line.
    private var summary: String {
        let line = header.prompt.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return MarkdownSplitter.clip(line.isEmpty ? "Changes of session \(header.id.short)" : line, limit: 72)
    }

    private mutating func confirmPullRequest(_ wanted: String, _ patch: SavedPatch) {
        state.asksPullRequest = true
        deadlines[.linger] = nil
        let title = wanted.isEmpty ? summary : MarkdownSplitter.clip(wanted, limit: 200)
        let root = makeID()
        let yes = SessionDecision.Button(token: "\(root).0", action: .openPullRequest(title))
        let no = SessionDecision.Button(token: "\(root).1", action: .dropPullRequest)
        decision.buttons += [yes, no]
        let target = state.source?.source.branch ?? state.workspace?.branch
        let into = target.map { " into \(StreamView.code($0))" } ?? ""
        let place = (state.source?.source.url).flatMap(RepositoryPlace.init)
        let name = StreamView.code(place?.words ?? "the repository")
        let open = state.published?.pull
        var lines = [
            open.map { "🔀 Bring pull request #\($0.number) in \(name) up to date?" }
                ?? "🔀 Open a pull request in \(name)?",
            "**\(title)**",
            "\(ReportView.changes(patch)), as one commit on the branch \(StreamView.code(pullRequestBranch))\(into)",
        ]
        // In a live session's workspace it is still there.
        if let omitted = patch.omitted, header.origin?.pullRequest != nil, state.turn == 0 {
            lines.append("⚠️ Not among them, since it was too big to be saved: \(StreamView.code(omitted))")
        }
        decision.replies.append(
            OutgoingMessage(
                markdown: lines.joined(separator: "\n"),
                buttons: [
                    [
                        ChatButton(label: open == nil ? "Open it" : "Update it", token: yes.token, style: .primary),
                        ChatButton(label: "Not now", token: no.token),
                    ]
                ], rings: true))
    }

    mutating func decidePullRequest(_ title: String?, by person: Person, _ click: ButtonClick) {
        guard mayControl(person) else {
            return answer(click, "Only \(header.starter.name) may open a pull request.")
        }
        guard let title else {
            state.asksPullRequest = nil
            deadlines[.linger] = nil
            return answer(click, "", showing: "🔀 No pull request was opened.")
        }
        guard state.phase == .idle else {
            return answer(
                click,
                isEnding
                    ? "The session is just ending; ask again in a moment."
                    : "The agent is at work; ask again when it is done.")
        }
        guard state.pullRequest == nil else { return answer(click, "It is being opened already.") }
        guard policy.pullRequestProblem(state.source?.source, state.lastSave) == nil else {
            return answer(click, "This is out of date.")
        }
        state.asksPullRequest = nil
        state.pullRequest = .init(title: title, by: person)
        deadlines[.linger] = nil
        answer(click, "", showing: "🔀 Opening the pull request **\(title)** …")
        act(.openPullRequest)
    }

    mutating func changesPushed(_ commit: String) {
        state.published = PublishedBranch(name: pullRequestBranch, commit: commit, pull: state.published?.pull)
    }

    mutating func pullRequestOpened(_ opened: OpenedPullRequest) {
        guard state.pullRequest != nil else { return }
        state.pullRequest = nil
        state.published?.pull = opened
        deadlines[.linger] = nil
        let what = opened.wasOpen ? "has the newest changes now" : "is open"
        ring("🔀 [Pull request #\(opened.number)](\(opened.url)) \(what).")
    }

    mutating func pullRequestFailed(_ error: AgentError) {
        guard state.pullRequest != nil else { return }
        state.pullRequest = nil
        deadlines[.linger] = nil
        ring("🔀 No pull request could be opened. \(error.description)")
    }

    private mutating func ring(_ words: String) {
        decision.replies.append(OutgoingMessage(markdown: words, rings: true))
    }
}

extension SessionPolicy {
    /// Why no pull request can be opened from a patch; `nil` when one can.
    func pullRequestProblem(_ source: WorkspaceSource?, _ patch: SavedPatch?) -> String? {
        guard let patch else { return "Nothing has changed." }
        guard let source else { return "This session has no repository." }
        guard source.pull == nil else {
            return "This session works on pull request \(source.pull ?? 0); a new one cannot be opened from it."
        }
        guard let place = RepositoryPlace(source.url), pullRequestHosts.contains(place.host) else {
            return "Pull requests need a repository that was cloned over https from the host of `github.token`."
        }
        return patch.holdsSecret ? "A secret is in the changes, so they are not published." : nil
    }
}

/// Where a repository is, from the address that it was cloned from.
struct RepositoryPlace: Hashable {
    /// With its port, where the address has one.
    let host: String
    /// `org/repo`.
    let path: String

    /// `nil` where it is not cloned over https; plain HTTP counts on this machine only.
    init?(_ url: String) {
        guard let host = Self.host(of: url) else { return nil }
        let parts = url.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.host = host
        path = "\(parts[0])/\(parts[1].hasSuffix(".git") ? String(parts[1].dropLast(4)) : parts[1])"
    }

    /// The host that a token for it may go to.
    static func host(of url: String) -> String? {
        guard let end = url.firstRange(of: "://") else { return nil }
        let host = url[end.upperBound...].prefix { $0 != "/" }.lowercased()
        switch url[..<end.lowerBound].lowercased() {
        case "https": return host.isEmpty ? nil : host
        case "http": return host.hasPrefix("127.0.0.1:") ? host : nil
        default: return nil
        }
    }

    var words: String { "\(host)/\(path)" }
}
