import AnycodeCore

/// A pull request from a session's changes: wanted, confirmed, then pushed by the runner and opened by the daemon.
extension SessionMachine {
    /// How long the sandbox lives on at least while one is being opened.
    static let pullRequestWait: Duration = .seconds(15 * 60)

    /// The branch that the changes go to.
    var pullRequestBranch: String { "anycode/\(header.id.short)" }

    mutating func wantPullRequest(_ title: String, by person: Person, _ callback: String?) {
        func answer(_ words: String) {
            if let callback { act(.answerClick(callback, note: words)) } else { reply(words) }
        }
        guard mayControl(person) else { return answer("Only \(header.starter.name) may open a pull request.") }
        guard state.phase == .idle else {
            return answer(isEnding ? "The session is ending." : "The agent is at work; ask again when it is done.")
        }
        guard state.pullRequest == nil else { return answer("It is being opened already.") }
        guard let patch = state.lastSave else { return answer("Nothing has changed.") }
        if let problem = pullRequestProblem(patch) { return answer(problem) }
        if let callback { act(.answerClick(callback, note: "")) }
        confirmPullRequest(title.isEmpty ? summary : MarkdownSplitter.clip(title, limit: 200), patch)
    }

    /// Why none can be opened; `nil` when one can.
    func pullRequestProblem(_ patch: SavedPatch) -> String? {
        guard let source = state.source?.source else { return "This session has no repository." }
        guard source.pull == nil else {
            return "This session works on pull request \(source.pull ?? 0); a new one cannot be opened from it."
        }
        guard let place = RepositoryPlace(source.url), policy.pullRequestHosts.contains(place.host) else {
            return "Pull requests need a repository that was cloned over https from the host of `github.token`."
        }
        return patch.holdsSecret ? "A secret is in the changes, so they are not published." : nil
    }

    /// The task's first line.
    private var summary: String {
        let line = header.prompt.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return MarkdownSplitter.clip(line.isEmpty ? "Changes of session \(header.id.short)" : line, limit: 72)
    }

    private mutating func confirmPullRequest(_ title: String, _ patch: SavedPatch) {
        let root = makeID()
        let yes = SessionDecision.Button(token: "\(root).0", action: .openPullRequest(title))
        let no = SessionDecision.Button(token: "\(root).1", action: .dropPullRequest)
        decision.buttons += [yes, no]
        let target = state.source?.source.branch ?? state.workspace?.branch
        let into = target.map { " into \(StreamView.code($0))" } ?? ""
        let place = (state.source?.source.url).flatMap(RepositoryPlace.init)
        let lines = [
            "🔀 Open a pull request in \(StreamView.code(place?.words ?? "the repository"))?",
            "**\(MarkdownSplitter.clip(title, limit: 200))**",
            "\(ReportView.changes(patch)), as one commit on the branch \(StreamView.code(pullRequestBranch))\(into)",
        ]
        decision.replies.append(
            OutgoingMessage(
                markdown: lines.joined(separator: "\n"),
                buttons: [
                    [
                        ChatButton(label: "Open it", token: yes.token, style: .primary),
                        ChatButton(label: "Not now", token: no.token),
                    ]
                ], rings: true))
    }

    mutating func decidePullRequest(_ title: String?, by person: Person, _ click: ButtonClick) {
        guard mayControl(person) else {
            return answer(click, "Only \(header.starter.name) may open a pull request.")
        }
        guard let title else { return answer(click, "", showing: "🔀 No pull request was opened.") }
        guard state.phase == .idle else {
            return answer(
                click, isEnding ? "The session is ending." : "The agent is at work; ask again when it is done.")
        }
        guard state.pullRequest == nil else { return answer(click, "It is being opened already.") }
        guard let patch = state.lastSave, pullRequestProblem(patch) == nil else {
            return answer(click, "This is out of date.")
        }
        state.pullRequest = .init(title: title, by: person)
        deadlines[.linger] = nil
        answer(click, "", showing: "🔀 Opening the pull request **\(title)** …")
        act(.openPullRequest)
    }

    mutating func pullRequestOpened(_ opened: OpenedPullRequest) {
        guard state.pullRequest != nil else { return }
        state.pullRequest = nil
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
