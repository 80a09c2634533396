import AnycodeCore
import AnycodeJSON
import Foundation
import HTTPTestSupport
import HTTPTransport
import Synchronization
import Testing

@testable import AnycodeAgent

/// Pull requests against a server that refuses what GitHub refuses.
struct GitHubPullRequestTests {
    private let draft = PullRequestDraft(
        repository: "org/repo", branch: "anycode/1a2b", base: "main", title: "Mend it", body: "From Ana.")

    private func run(
        _ fake: FakeGitHub, token: String = FakeGitHub.token, _ draft: PullRequestDraft? = nil
    ) async throws -> Result<OpenedPullRequest, AgentError> {
        let http = try HTTPClient(configuration: .init(userAgent: "anycode/test"))
        let host = GitHubPullRequests(baseURL: fake.url + "/", token: Secret(token), http: http)
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
        let fake = try FakeGitHub()
        defer { fake.stop() }
        let url = "https://github.com/org/repo/pull/1"
        #expect(try await run(fake).get() == .init(number: 1, url: url, wasOpen: false))
        #expect(try await run(fake).get() == .init(number: 1, url: url, wasOpen: true))
        #expect(fake.pulls.map(\.title) == ["Mend it"] && fake.pulls.map(\.base) == ["main"])
    }

    @Test func theRepositorysOwnBranchIsAskedFor() async throws {
        let fake = try FakeGitHub()
        defer { fake.stop() }
        let other = PullRequestDraft(repository: "org/repo", branch: "anycode/1a2b", base: nil, title: "t", body: "")
        _ = try await run(fake, other).get()
        #expect(fake.pulls.map(\.base) == ["trunk"])
    }

    @Test func refusalsSayWhatToDoAndKeepTheToken() async throws {
        let fake = try FakeGitHub()
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

/// As much of GitHub's REST API as a pull request needs; bodies with members that it does not know are refused.
final class FakeGitHub: Sendable {
    struct Pull: Sendable {
        let head: String
        let base: String
        let title: String
    }

    static let token = "ghp_right"
    private let server: ScriptedServer
    private let state: State

    private final class State: Sendable {
        let pulls = Mutex<[Pull]>([])
    }

    var url: String { server.url }
    var pulls: [Pull] { state.pulls.withLock { $0 } }

    init() throws {
        let state = State()
        self.state = state
        server = try ScriptedServer { connection in
            while let request = connection.readRequest() {
                let (status, body) = Self.answer(request, state)
                guard connection.answer(status, headers: "Content-Type: application/json\r\n", body) else { return }
            }
        }
    }

    func stop() { server.stop() }

    private static func answer(_ request: ScriptedConnection.Request, _ state: State) -> (String, String) {
        guard request.headers["authorization"] == "Bearer \(token)" else {
            return ("401 Unauthorized", #"{"message":"Bad credentials"}"#)
        }
        guard request.headers["user-agent"] != nil, request.headers["accept"] == "application/vnd.github+json" else {
            return ("403 Forbidden", #"{"message":"Request forbidden by administrative rules."}"#)
        }
        guard request.path.hasPrefix("/repos/org/repo") else { return ("404 Not Found", #"{"message":"Not Found"}"#) }
        switch (request.method, request.path) {
        case ("GET", "/repos/org/repo"): return ("200 OK", #"{"default_branch":"trunk"}"#)
        case ("POST", "/repos/org/repo/pulls"): return open(request, state)
        case ("GET", "/repos/org/repo/pulls?state=open&head=org%3Aanycode%2F1a2b"):
            let found = state.pulls.withLock { $0.enumerated().first { $0.element.head == "anycode/1a2b" } }
            return ("200 OK", found.map { "[\(json($0.offset + 1))]" } ?? "[]")
        default: return ("404 Not Found", #"{"message":"Not Found"}"#)
        }
    }

    private static func open(_ request: ScriptedConnection.Request, _ state: State) -> (String, String) {
        guard let body = try? JSON(parsing: request.body),
            Set(body.members?.map(\.key) ?? []) == ["title", "head", "base", "body", "maintainer_can_modify"],
            let title = body.text("title"), let head = body.text("head"), let base = body.text("base")
        else { return ("400 Bad Request", #"{"message":"Problems parsing JSON"}"#) }
        guard head.hasPrefix("anycode/") else {
            return (
                "422 Unprocessable Entity",
                #"{"message":"Validation Failed","errors":[{"field":"head","code":"invalid"}]}"#
            )
        }
        return state.pulls.withLock { pulls in
            guard !pulls.contains(where: { $0.head == head }) else {
                let words = "A pull request already exists for org:\(head)."
                return (
                    "422 Unprocessable Entity", #"{"message":"Validation Failed","errors":[{"message":"\#(words)"}]}"#
                )
            }
            pulls.append(Pull(head: head, base: base, title: title))
            return ("201 Created", json(pulls.count))
        }
    }

    private static func json(_ number: Int) -> String {
        #"{"number":\#(number),"html_url":"https://github.com/org/repo/pull/\#(number)"}"#
    }
}
