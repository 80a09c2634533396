import Foundation
import HTTPTestSupport
import Synchronization
import TestJSON

/// Answers one request to a `FakeGitHub`.
struct FakeGitHubDesk: Sendable {
    let token: String
    let host: String
    let state: FakeGitHub.StateBox
    let git: GitHTTPBackend?

    func answer(_ request: ScriptedConnection.Request) -> [UInt8] {
        if request.path.hasPrefix("/api/v3/") {
            let (status, body) = api(request, String(request.path.dropFirst("/api/v3".count)))
            let text = body.text
            return Array(
                "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
                    .utf8)
        }
        return repository(request)
    }

    private static func plain(_ status: String, _ headers: String = "", _ words: String = "") -> [UInt8] {
        Array(
            "HTTP/1.1 \(status)\r\nContent-Type: text/plain\r\nContent-Length: \(words.utf8.count)\r\n\(headers)\r\n\(words)"
                .utf8)
    }

    // MARK: Git

    private func repository(_ request: ScriptedConnection.Request) -> [UInt8] {
        let login = "Basic " + Data("x-access-token:\(token)".utf8).base64EncodedString()
        guard request.headers["authorization"] == login else {
            return Self.plain("401 Unauthorized", "WWW-Authenticate: Basic realm=\"GitHub\"\r\n", "Bad credentials")
        }
        let prefix = "/\(FakeGitHub.repository).git/"
        guard let git, request.path.hasPrefix(prefix) else { return Self.plain("404 Not Found") }
        let refusesPush = state.value.withLock {
            $0.refusals.contains { if case .push = $0 { true } else { false } }
        }
        if refusesPush, request.path.contains("git-receive-pack") {
            return Self.plain(
                "403 Forbidden", "", "Permission to \(FakeGitHub.repository).git denied to somebody.")
        }
        return git.answer(request, path: String(request.path.dropFirst(prefix.count)))
    }

    // MARK: REST

    private func api(_ request: ScriptedConnection.Request, _ path: String) -> (status: String, body: JSON) {
        guard request.headers["authorization"] == "Bearer \(token)" else {
            return ("401 Unauthorized", ["message": "Bad credentials"])
        }
        guard request.headers["user-agent"] != nil, request.headers["accept"] == "application/vnd.github+json" else {
            return ("403 Forbidden", ["message": "Request forbidden by administrative rules."])
        }
        let root = "/repos/\(FakeGitHub.repository)"
        switch (request.method, path.prefix { $0 != "?" }) {
        case ("GET", root[...]): return ("200 OK", ["default_branch": "trunk"])
        case ("POST", "\(root)/pulls"): return open(request)
        case ("GET", "\(root)/pulls"): return list(path)
        default: return ("404 Not Found", ["message": "Not Found"])
        }
    }

    private func list(_ path: String) -> (status: String, body: JSON) {
        let items = URLComponents(string: path)?.queryItems ?? []
        guard items.first(where: { $0.name == "state" })?.value == "open",
            let head = items.first(where: { $0.name == "head" })?.value, head.hasPrefix("org:")
        else { return ("422 Unprocessable Entity", ["message": "Validation Failed"]) }
        let found = state.value.withLock { state in
            state.pulls.indices.filter { "org:\(state.pulls[$0].head)" == head }
        }
        return ("200 OK", .array(found.map { shown($0 + 1) }))
    }

    private func open(_ request: ScriptedConnection.Request) -> (status: String, body: JSON) {
        state.value.withLock { $0.opened += 1 }
        guard let body = try? JSON(parsing: request.body),
            Set(body.object?.keys.map { $0 } ?? []) == ["title", "head", "base", "body", "maintainer_can_modify"],
            let title = body["title"]?.string, let head = body["head"]?.string, let base = body["base"]?.string
        else { return ("400 Bad Request", ["message": "Problems parsing JSON"]) }
        for (field, branch) in [("head", head), ("base", base)]
        where !(git?.has(branch: branch) ?? (branch != "missing")) {
            return invalid(["resource": "PullRequest", "field": .string(field), "code": "invalid"])
        }
        return state.value.withLock { state in
            for case .pull(let words) in state.refusals {
                return invalid(["resource": "PullRequest", "code": "custom", "message": .string(words)])
            }
            guard !state.pulls.contains(where: { $0.head == head }) else {
                let words = "A pull request already exists for org:\(head)."
                return invalid(["resource": "PullRequest", "code": "custom", "message": .string(words)])
            }
            state.pulls.append(.init(head: head, base: base, title: title))
            return ("201 Created", shown(state.pulls.count))
        }
    }

    private func invalid(_ error: JSON) -> (status: String, body: JSON) {
        ("422 Unprocessable Entity", ["message": "Validation Failed", "errors": [error]])
    }

    private func shown(_ number: Int) -> JSON {
        ["number": .integer(number), "html_url": "http://\(host)/\(FakeGitHub.repository)/pull/\(number)"]
    }
}
