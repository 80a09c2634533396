import AnycodeCore
import FakeGitHub
import HTTPTransport
import Testing

@testable import AnycodeAgent

/// Pull requests against a server that refuses what GitHub refuses.
struct GitHubPullRequestTests {
    private let draft = PullRequestDraft(
        repository: "org/repo", branch: "anycode/1a2b", base: "main", title: "Mend it", body: "From Ana.")

    private static let right = "ghp_right"

    private func run(
        _ fake: FakeGitHub, token: String = Self.right, _ draft: PullRequestDraft? = nil
    ) async throws -> Result<OpenedPullRequest, AgentError> {
        let http = try HTTPClient(configuration: .init(userAgent: "anycode/test"))
        let host = GitHubPullRequests(baseURL: fake.apiURL + "/", token: Secret(token), http: http)
        let result: Result<OpenedPullRequest, AgentError>
        do throws(AgentError) {
            result = .success(try await host.open(draft ?? self.draft))
        } catch {
            result = .failure(error)
        }
        await http.shutdown()
        return result
    }

    @Test func opensOneAndFindsItAgain() async throws {
        let fake = try FakeGitHub(token: Self.right)
        defer { fake.stop() }
        let url = "\(fake.url)/org/repo/pull/1"
        #expect(try await run(fake).get() == .init(number: 1, url: url, wasOpen: false))
        #expect(try await run(fake).get() == .init(number: 1, url: url, wasOpen: true))
        #expect(fake.pulls.map(\.title) == ["Mend it"] && fake.pulls.map(\.base) == ["main"])
    }

    @Test func theRepositorysOwnBranchIsAskedFor() async throws {
        let fake = try FakeGitHub(token: Self.right)
        defer { fake.stop() }
        let other = PullRequestDraft(repository: "org/repo", branch: "anycode/1a2b", base: nil, title: "t", body: "")
        _ = try await run(fake, other).get()
        #expect(fake.pulls.map(\.base) == ["trunk"])
    }

    @Test func refusalsSayWhatToDoAndKeepTheToken() async throws {
        let fake = try FakeGitHub(token: Self.right)
        defer { fake.stop() }
        guard case .failure(let error) = try await run(fake, token: "ghp_wrong") else { return #expect(Bool(false)) }
        #expect(error.code == .unauthorized && error.description.contains("github.token"))
        #expect(!error.description.contains("ghp_wrong"))
        let foreign = PullRequestDraft(repository: "org/other", branch: "b", base: "main", title: "t", body: "")
        guard case .failure(let denied) = try await run(fake, foreign) else { return #expect(Bool(false)) }
        #expect(denied.code == .repositoryDenied && denied.description.contains("Contents and Pull requests"))
        let missing = PullRequestDraft(repository: "org/repo", branch: "missing", base: "main", title: "t", body: "")
        guard case .failure(let invalid) = try await run(fake, missing) else { return #expect(Bool(false)) }
        #expect(invalid.code == .failed && invalid.description.contains("Validation Failed: head"))
    }
}
