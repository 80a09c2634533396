package import AnycodeCore
import AnycodeJSON
package import HTTPTransport

/// Opens pull requests through GitHub's REST API.
/// https://docs.github.com/en/rest/pulls/pulls
package struct GitHubPullRequests: PullRequestHost {
    private let baseURL: String
    private let token: Secret
    private let http: HTTPClient

    /// - Parameter baseURL: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise.
    package init(baseURL: String, token: Secret, http: HTTPClient) {
        self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
        self.token = token
        self.http = http
    }

    package func open(_ draft: PullRequestDraft) async throws(AgentError) -> OpenedPullRequest {
        var base = draft.base
        if base == nil { base = try await defaultBranch(of: draft.repository) }
        let body: JSON = [
            "title": .string(draft.title), "head": .string(draft.branch), "base": .string(base ?? "main"),
            "body": .string(draft.body), "maintainer_can_modify": .bool(true),
        ]
        let answer = try await send(.post, "/repos/\(draft.repository)/pulls", body)
        if answer.status == 201 { return try Self.opened(answer.json, wasOpen: false) }
        if answer.status == 422, let open = try await existing(draft) { return open }
        throw Self.failure(answer, draft.repository)
    }

    private func defaultBranch(of repository: String) async throws(AgentError) -> String {
        let answer = try await send(.get, "/repos/\(repository)", nil)
        guard answer.status == 200 else { throw Self.failure(answer, repository) }
        guard let branch = answer.json.text("default_branch") else {
            throw AgentError(.protocolViolation, "GitHub did not tell the default branch")
        }
        return branch
    }

    /// The open one of the branch.
    private func existing(_ draft: PullRequestDraft) async throws(AgentError) -> OpenedPullRequest? {
        let owner = draft.repository.prefix { $0 != "/" }
        let head = "\(owner):\(draft.branch)".replacing("/", with: "%2F").replacing(":", with: "%3A")
        let answer = try await send(.get, "/repos/\(draft.repository)/pulls?state=open&head=\(head)", nil)
        guard answer.status == 200, let first = answer.json.array?.first else { return nil }
        return try Self.opened(first, wasOpen: true)
    }

    private static func opened(_ json: JSON, wasOpen: Bool) throws(AgentError) -> OpenedPullRequest {
        guard let number = json["number"]?.integer.flatMap({ Int(exactly: $0) }), let url = json.text("html_url") else {
            throw AgentError(.protocolViolation, "GitHub's answer is not understood")
        }
        return OpenedPullRequest(number: number, url: url, wasOpen: wasOpen)
    }

    // MARK: Calls

    private struct Answer {
        let status: Int
        let json: JSON
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: JSON?) async throws(AgentError) -> Answer {
        var request = HTTPRequest(
            method, baseURL + path,
            headers: [
                HTTPHeader("Accept", "application/vnd.github+json"),
                HTTPHeader("Authorization", "Bearer \(token.reveal())"),
                HTTPHeader("X-GitHub-Api-Version", "2022-11-28"),
            ],
            timeouts: HTTPTimeouts(connect: .seconds(15), total: .seconds(60)))
        if let body {
            request.headers.append(HTTPHeader("Content-Type", "application/json"))
            request.body = .bytes(body.bytes)
        }
        request.limits.bodyBytes = 4 << 20
        do throws(HTTPError) {
            let response = try await http.send(request)
            return Answer(status: response.status, json: (try? JSON(parsing: response.body)) ?? .null)
        } catch {
            throw AgentError(error)
        }
    }

    private static func failure(_ answer: Answer, _ repository: String) -> AgentError {
        let details = (answer.json["errors"]?.array ?? []).compactMap { $0.text("message") ?? $0.text("field") }
        let said = ([answer.json.text("message")].compactMap(\.self) + details).joined(separator: ": ")
        let words = ACPLimits.shorten(said.isEmpty ? "status \(answer.status)" : said, to: 400).withoutFullStop
        switch answer.status {
        case 401:
            return AgentError(.unauthorized, "GitHub does not accept github.token: \(words)", hint: "Renew it.")
        case 403, 404:
            return AgentError(
                .repositoryDenied, "github.token may not open pull requests in \(repository): \(words)",
                hint: "It needs the permissions Contents and Pull requests, read and write.")
        case 429, 500...599: return AgentError(.unreachable, "GitHub cannot do it now: \(words)")
        default: return AgentError(.failed, "GitHub refused the pull request: \(words)")
        }
    }
}
