import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct SessionMachinePullRequestTests {
    private func policy(_ hosts: Set<String> = ["github.com"]) -> SessionPolicy {
        var policy = SessionPolicy()
        policy.pullRequestHosts = hosts
        return policy
    }

    /// A session that has changed something and waits for what is next.
    private func idle(
        _ policy: SessionPolicy? = nil, source: RequestedSource? = Sample.source, patch: SavedPatch = Sample.patch()
    ) -> MachineRun {
        var run = MachineRun(policy: policy ?? self.policy(), source: source)
        run.on(.started)
        run.on(.acquired(Sample.health()))
        run.on(.prepared(Sample.workspace))
        run.accept()
        run.open()
        run.accept()
        run.says(.text("done"))
        run.endTurn()
        run.on(.saved(patch))
        return run
    }

    private let click = ButtonClick(token: "t", message: MessageID("9"), callback: "c")

    private func want(_ title: String = "", by person: Person = Sample.ana) -> SessionEvent {
        .pullRequestWanted(title: title, by: person, callback: nil)
    }

    @Test func theSizeIsShownAndNothingHappensWithoutAYes() {
        var run = idle()
        run.on(want("Mend the login"))
        let asked = run.machine.decision.replies[0]
        #expect(asked.markdown.contains("Open a pull request in `github.com/org/repo`?\n**Mend the login**"))
        #expect(
            asked.markdown.contains(
                "1 file changed (+1 −0), as one commit on the branch `anycode/5e55105e` into `main`"))
        #expect(asked.buttons.joined().map(\.label) == ["Open it", "Not now"])
        #expect(run.machine.decision.buttons.map(\.action) == [.openPullRequest("Mend the login"), .dropPullRequest])
        #expect(!run.actions.contains(.openPullRequest))
        run.on(.pullRequestDecided(nil, by: Sample.ana, click: click))
        #expect(!run.actions.contains(.openPullRequest) && run.state.pullRequest == nil)
    }

    @Test func aYesIsCarriedOutOnceAndToldWithItsAddress() {
        var run = idle()
        run.on(want())
        #expect(run.machine.decision.replies[0].markdown.contains("**fix it**"))
        run.on(.pullRequestDecided("fix it", by: Sample.ana, click: click))
        #expect(run.actions.contains(.openPullRequest))
        run.actions = []
        run.on(.pullRequestDecided("fix it", by: Sample.ana, click: click))
        #expect(!run.actions.contains(.openPullRequest))
        run.on(.pullRequestOpened(.init(number: 12, url: "https://github.com/org/repo/pull/12", wasOpen: false)))
        #expect(run.replies.last == "🔀 [Pull request #12](https://github.com/org/repo/pull/12) is open.")
        #expect(run.state.pullRequest == nil)
    }

    @Test func aRestartGoesOnWithItAndTheSandboxWaits() {
        var run = idle()
        run.on(.pullRequestDecided("fix it", by: Sample.ana, click: click))
        run.actions = []
        run.on(.started)
        run.on(.acquired(Sample.health()))
        #expect(run.actions.contains(.openPullRequest))
        var policy = policy()
        policy.linger = .seconds(5)
        var short = idle(policy)
        short.on(.pullRequestDecided("fix it", by: Sample.ana, click: click))
        short.now += .seconds(60)
        short.on(.ticked)
        #expect(short.phase == "idle")
    }

    @Test func aFailureIsToldAndItCanBeTriedAgain() {
        var run = idle()
        run.on(.pullRequestDecided("fix it", by: Sample.ana, click: click))
        run.on(.pullRequestFailed(AgentError(.conflict, "Somebody else has pushed")))
        #expect(run.replies.last == "🔀 No pull request could be opened. Somebody else has pushed")
        run.on(want())
        #expect(!run.machine.decision.buttons.isEmpty)
    }

    @Test func anEndBeforeItIsDoneIsTold() {
        var run = idle()
        run.on(.pullRequestDecided("fix it", by: Sample.ana, click: click))
        run.on(.cancelRequested(by: Sample.ana, callback: nil))
        run.on(.saved(Sample.patch()))
        #expect(run.replies.contains { $0.contains("The session ended before that") })
    }

    @Test func strangersAreRefused() {
        var run = idle()
        run.on(want(by: Sample.eve))
        #expect(run.replies.last == "Only Ana may open a pull request.")
        run.on(.pullRequestDecided("x", by: Sample.eve, click: click))
        #expect(run.state.pullRequest == nil)
    }

    @Test func theButtonIsOfferedWhereItCanWork() {
        func offers(_ run: MachineRun) -> Bool? { run.turnReports.last?.offersPullRequest }
        #expect(offers(idle()) == true)
        #expect(offers(idle(policy([]))) == nil)
        #expect(offers(idle(source: nil)) == nil)
        let pull = RequestedSource(source: WorkspaceSource(url: "https://github.com/o/r", pull: 3), spelling: "o/r")
        #expect(offers(idle(source: pull)) == nil)
        let secret = SavedPatch(path: "/p", bytes: 1, files: 1, added: 1, removed: 0, holdsSecret: true)
        var run = idle(patch: secret)
        #expect(offers(run) == nil)
        run.on(want())
        #expect(run.replies.last == "A secret is in the changes, so they are not published.")
    }

    @Test(arguments: [
        ("https://github.com/org/repo.git", "github.com", "org/repo"),
        ("https://GitHub.com/org/repo", "github.com", "org/repo"),
        ("http://127.0.0.1:80/o/r", "127.0.0.1:80", "o/r"),
    ])
    func placesAreRead(_ url: String, _ host: String, _ path: String) {
        #expect(RepositoryPlace(url)?.host == host && RepositoryPlace(url)?.path == path)
    }

    @Test(arguments: [
        ("https://Git.example.org:8443/group/part/name.git", "git.example.org:8443"),
        ("https://github.com", "github.com"), ("http://127.0.0.1:80/o/r", "127.0.0.1:80"),
        ("http://github.com/o/r", nil), ("ssh://git@github.com/o/r", nil), ("git@github.com:o/r", nil), ("/o/r", nil),
    ])
    func aTokenGoesToItsOwnHostOnly(_ url: String, _ host: String?) {
        #expect(RepositoryPlace.host(of: url) == host)
    }

    @Test(arguments: [
        "http://github.com/o/r", "git@github.com:o/r", "ssh://git@github.com/o/r", "/o/r", "https://h/o/r/x",
    ])
    func otherPlacesHaveNone(_ url: String) {
        #expect(RepositoryPlace(url) == nil)
    }
}
