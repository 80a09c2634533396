import AnycodeCore
import AnycodeStore
import Synchronization
import TestSupport
import Testing

@testable import AnycodeRuntime

/// Open PR and `/pr` on sessions that have ended.
struct EndedPullRequestTests {
    /// Finds the open one of a branch, as GitHub does.
    private final class PullRequests: PullRequestHost {
        private let drafts = Mutex<[PullRequestDraft]>([])
        var all: [PullRequestDraft] { drafts.withLock { $0 } }

        func open(_ draft: PullRequestDraft) async throws(AgentError) -> OpenedPullRequest {
            drafts.withLock { drafts in
                let found = drafts.firstIndex { $0.branch == draft.branch }
                if found == nil { drafts.append(draft) }
                let number = (found ?? drafts.count - 1) + 1
                return OpenedPullRequest(number: number, url: "https://github.com/\(number)", wasOpen: found != nil)
            }
        }
    }

    private let pulls = PullRequests()

    private func bench(linger: Duration = .zero) throws -> RuntimeBench {
        let bench = try RuntimeBench {
            $0.session.linger = linger
            $0.session.pullRequestHosts = ["github.com"]
            $0.pullRequests["github.com"] = pulls
        }
        try bench.start()
        return bench
    }

    /// A session that edited and is over.
    private func ended(_ prompt: String = "/task {edit} in org/repo") throws -> RuntimeBench {
        let bench = try bench()
        bench.write(prompt)
        bench.wait(.seconds(60))
        #expect(try bench.sessions().map(\.isLive) == [false])
        return bench
    }

    private func press(_ bench: RuntimeBench, _ label: String, by person: Person? = nil) throws {
        bench.click(try #require(bench.button(label)), by: person)
        bench.wait(.seconds(60))
    }

    @Test func theFinalOffersItAndANewSandboxOpensIt() throws {
        let bench = try ended()
        let old = try bench.sessions()[0].id.short
        try press(bench, "Open PR")
        let new = try #require(try bench.sessions().last)
        #expect(new.isLive && new.id.short != old)
        #expect(try bench.prompts(new.id).isEmpty, "no agent is given anything")
        let asked = try #require(bench.texts().last)
        #expect(asked.contains("Open a pull request in `github.com/org/repo`?\n**{edit} in org/repo**"))
        #expect(asked.contains("1 file changed"))
        #expect(pulls.all.isEmpty)
        try press(bench, "Open it")
        #expect(bench.texts().last == "🔀 [Pull request #1](https://github.com/1) is open.")
        #expect(pulls.all.map(\.branch) == ["anycode/\(new.id.short)"] && pulls.all.map(\.base) == ["main"])
        #expect(try bench.sessions().map(\.isLive) == [false, false])
        #expect(bench.host.sandboxes.isEmpty)
    }

    @Test func pressedAgainItIsTheSamePullRequest() throws {
        let bench = try ended()
        try press(bench, "Open PR")
        try press(bench, "Open it")
        try press(bench, "Open PR")
        #expect(bench.texts().last?.contains("Bring pull request #1 in `github.com/org/repo` up to date?") == true)
        try press(bench, "Update it")
        #expect(bench.texts().last == "🔀 [Pull request #1](https://github.com/1) has the newest changes now.")
        #expect(pulls.all.count == 1)
    }

    @Test(arguments: [false, true]) func whatGoesOnAfterwardsGoesToTheSamePullRequest(_ byButton: Bool) throws {
        let bench = try ended()
        let old = try bench.sessions()[0].id.short
        try press(bench, "Open PR")
        try press(bench, "Open it")
        bench.configuration.session.linger = .seconds(900)
        try bench.restart()
        if byButton {
            try press(bench, "Continue")
            bench.write("{say}")
        } else {
            bench.write("/resume \(old) {say}")
        }
        bench.wait(.seconds(60))
        bench.write("{edit}")
        bench.wait(.seconds(60))
        bench.write("/pr")
        try press(bench, "Update it")
        #expect(bench.texts().last == "🔀 [Pull request #1](https://github.com/1) has the newest changes now.")
        #expect(pulls.all.count == 1)
        #expect(
            bench.host.read("origin/\(pulls.all[0].branch)").map { String(decoding: $0, as: UTF8.self) } == "commit 2")
    }

    @Test func theCommandTakesTheLastThatEndedAndItsTitle() throws {
        let bench = try ended()
        bench.write("/pr My title")
        bench.wait(.seconds(60))
        #expect(bench.texts().last?.contains("**My title**") == true)
        try press(bench, "Open it")
        #expect(pulls.all.map(\.title) == ["My title"])
    }

    @Test func aCancelledSessionOffersItToo() throws {
        let bench = try bench(linger: .seconds(900))
        bench.write("/task {edit} in org/repo")
        bench.wait(.seconds(20))
        bench.write("/cancel")
        bench.wait(.seconds(20))
        #expect(bench.texts().last?.hasPrefix("⏹ Cancelled") == true)
        #expect(bench.chat.messages.last?.content.buttons.joined().map(\.label) == ["Diff", "Open PR", "Resume"])
        try press(bench, "Open PR")
        try press(bench, "Open it")
        #expect(pulls.all.count == 1)
    }

    @Test func withoutAYesTheSandboxGoesAtOnce() throws {
        let bench = try ended()
        try press(bench, "Open PR")
        #expect(bench.host.sandboxes.count == 1)
        try press(bench, "Not now")
        #expect(bench.host.sandboxes.isEmpty && pulls.all.isEmpty)
    }

    @Test func unansweredTheSandboxGoesAndAnAnswerAsksAgain() throws {
        let bench = try ended()
        try press(bench, "Open PR")
        bench.wait(.seconds(13 * 60))
        #expect(bench.host.sandboxes.count == 1)
        bench.wait(.seconds(120))
        #expect(bench.host.sandboxes.isEmpty)
        try press(bench, "Open it")
        #expect(pulls.all.isEmpty && bench.host.sandboxes.count == 1)
        try press(bench, "Open it")
        #expect(pulls.all.count == 1)
    }

    @Test func theQuestionOutlivesTheDaemon() throws {
        let bench = try ended()
        try press(bench, "Open PR")
        try bench.restart()
        bench.wait(.seconds(300))
        #expect(try bench.sessions().last?.isLive == true, "nothing is missed of an agent that was never started")
        try press(bench, "Open it")
        #expect(pulls.all.count == 1)
    }

    @Test func wordsInsteadOfAnAnswerAreForTheAgent() throws {
        let bench = try ended()
        try press(bench, "Open PR")
        bench.write("{say} something else")
        bench.wait(.seconds(60))
        let prompts = try bench.prompts(try #require(try bench.sessions().last).id)
        #expect(prompts.count == 1)
        #expect(prompts.last?.contains("The changes made so far are in the working directory") == true)
        #expect(prompts.last?.hasSuffix("{say} something else") == true)
    }

    @Test func twoPressesMakeOneSession() throws {
        let bench = try ended()
        let button = try #require(bench.button("Open PR"))
        bench.click(button)
        bench.click(button)
        bench.wait(.seconds(60))
        #expect(try bench.sessions().count == 2)
    }

    @Test func whereItCannotWorkThatIsSaidAndNoSandboxIsMade() throws {
        let bench = try ended("/task {edit}")
        #expect(bench.button("Open PR") == nil)
        bench.write("/pr")
        #expect(bench.texts().last == "This session has no repository.")
        bench.write("/task {say} in org/repo")
        bench.wait(.seconds(60))
        bench.write("/pr")
        #expect(bench.texts().last == "Nothing has changed.")
        #expect(try bench.sessions().count == 2)
    }

    @Test func strangersAreRefused() throws {
        let bench = try ended()
        try press(bench, "Open PR", by: bench.eve)
        #expect(bench.chat.notes.last == "Only Ana may resume this.")
        #expect(try bench.sessions().count == 1)
    }
}
