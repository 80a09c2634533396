import Foundation
import Testing

@testable import AnycodeControl

@Suite struct ControlClientTests {
    private func serving<Result>(_ answers: [String]..., body: (ControlClient, ScriptedServer) throws -> Result) throws
        -> Result
    {
        let server = try ScriptedServer(answers)
        defer { server.stop() }
        return try body(ControlClient(socketPath: server.path), server)
    }

    private func response(_ status: String, _ value: some Encodable) throws -> String {
        let body = String(decoding: try WireCoding.encode(value), as: UTF8.self)
        return "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func failure(_ body: () throws -> Void) throws -> ControlError {
        try #require(#expect(throws: ControlError.self) { try body() })
    }

    @Test func asksForTheTree() throws {
        let tree = TreeNode(id: "root", waiting: .init(reason: "é", seconds: 1.5), children: [TreeNode(id: "a")])
        let text = try response("200 OK", tree)
        let cut = text.index(text.startIndex, offsetBy: text.count / 2)
        try serving([String(text[..<cut]), String(text[cut...])]) { client, server throws in
            #expect(try client.tree() == tree)
            #expect(server.seen.first?.hasPrefix("GET /v1/tree HTTP/1.1\r\nHost: anycode\r\n") == true)
        }
    }

    @Test func asksForSessions() throws {
        let none = try response("200 OK", [SessionSummary]())
        try serving([none], [none]) { client, server throws in
            #expect(try client.sessions() == [])
            #expect(try client.sessions(all: true) == [])
            #expect(
                server.seen.map { $0.prefix { !$0.isNewline } } == [
                    "GET /v1/sessions HTTP/1.1", "GET /v1/sessions?all=1 HTTP/1.1",
                ])
        }
    }

    @Test func cancelTellsWhoAsked() throws {
        let answer = CancelAnswer(id: "3f9a1c20", state: "working")
        try serving([try response("202 Accepted", answer)]) { client, server throws in
            #expect(try client.cancel("3f9a", by: "ana") == answer)
            #expect(server.seen.first?.hasPrefix("POST /v1/sessions/3f9a/cancel ") == true)
            #expect(server.seen.first?.hasSuffix("\r\n\r\n{\"by\":\"ana\"}") == true)
        }
    }

    @Test func refusalsKeepTheirWords() throws {
        let refusal = Refusal(.ambiguous, "Two sessions begin with 3f.", candidates: ["3f9a1c20aaaabbbb", "3f00"])
        try serving([try response("409 Conflict", refusal)]) { client, _ throws in
            let error = try failure { _ = try client.session("3f") }
            #expect(error == ControlError(.ambiguous, refusal.message, hint: "it may be 3f9a1c20aaaa, 3f00"))
            #expect(error.exitCode == 4)
        }
    }

    @Test(arguments: ["../x", "", "a b", "é", "a/../../v1"]) func impossibleIdsAreNotSent(id: String) throws {
        let error = try failure { _ = try ControlClient(socketPath: "/nonexistent").session(id) }
        #expect(error.code == .notFound)
    }

    @Test func absentDaemonIsUnreachable() throws {
        let error = try failure { _ = try ControlClient(socketPath: "/nonexistent/c.sock").tree() }
        #expect(error.code == .unreachable && error.exitCode == 3)
        #expect(error.message.contains("/nonexistent/c.sock"))
        let long = ControlClient(socketPath: "/" + String(repeating: "x", count: 300))
        #expect(try failure { _ = try long.tree() }.code == .unreachable)
    }

    @Test(arguments: [
        ("", ControlError.Code.unreachable), ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", .unreachable),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", .badAnswer),
        ("HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}", .badAnswer),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", .notFound), ("SSH-2.0\r\n\r\n", .unreachable),
    ])
    func brokenAnswersAreTold(answer: String, code: ControlError.Code) throws {
        try serving([answer]) { client, _ throws in
            #expect(try failure { _ = try client.tree() }.code == code)
        }
    }

    @Test func silentDaemonIsUnreachableAfterAWhile() throws {
        // The server accepts by its backlog and never answers.
        let server = try ScriptedServer([])
        defer { server.stop() }
        let client = ControlClient(socketPath: server.path, patience: .milliseconds(20))
        #expect(try failure { _ = try client.tree() }.message == "The daemon does not answer.")
    }

    @Test func watchHandsOverEachChange() throws {
        let trees = ["a", "b"].map { TreeNode(id: $0) }
        let lines = try trees.map { String(decoding: try WireCoding.encode($0), as: UTF8.self) + "\n" }
        let chunks = [lines[0].prefix(5), lines[0].dropFirst(5), "\n", Substring(lines[1])].map { piece in
            String(piece.utf8.count, radix: 16) + "\r\n" + piece + "\r\n"
        }
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        try serving([head] + chunks + ["0\r\n\r\n"]) { client, server throws in
            var seen: [TreeNode] = []
            try client.watchTree { change in
                if case .tree(let tree) = change { seen.append(tree) }
                return true
            }
            #expect(seen == trees)
            #expect(server.seen.first?.hasPrefix("GET /v1/tree?watch=1 ") == true)
        }
        try serving([head, chunks[3]]) { client, _ throws in
            var count = 0
            try client.watchTree { _ in
                count += 1
                return false
            }
            #expect(count == 1)
        }
        try serving([head, chunks[3]]) { client, _ throws in
            #expect(try failure { try client.watchTree { _ in true } }.code == .unreachable)
        }
    }

    @Test func watchTellsARefusal() throws {
        let refusal = Refusal(.unavailable, "Stopping.")
        try serving([try response("503 Service Unavailable", refusal)]) { client, _ throws in
            #expect(try failure { try client.watchTree { _ in true } }.message == "Stopping.")
        }
    }

    @Test func socketIsLookedForInOrder() {
        let all = ["ANYCODE_SOCKET": "/a", "XDG_RUNTIME_DIR": "/run/user/7", "HOME": "/home/ana"]
        #expect(ControlSocket.path(given: "/g", environment: all, isRoot: true) == "/g")
        #expect(ControlSocket.path(environment: all, isRoot: true) == "/a")
        #expect(
            ControlSocket.path(environment: ["XDG_RUNTIME_DIR": "/run/user/7"], isRoot: true)
                == "/run/user/7/anycode/control.sock")
        #expect(ControlSocket.path(environment: ["ANYCODE_SOCKET": ""], isRoot: true) == "/run/anycode/control.sock")
        #expect(
            ControlSocket.path(environment: ["HOME": "/home/ana"], isRoot: false)
                == "/home/ana/.anycode/control.sock")
    }

    @Test func operatorIsThePersonBehindSudo() {
        #expect(Operator.name(environment: ["SUDO_USER": "ana", "USER": "root"]) == "ana")
        #expect(Operator.name(environment: ["USER": "root"]) == "root")
        #expect(Operator.name(environment: [:]) == "an operator")
    }
}
