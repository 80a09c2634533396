import AnycodeJSON
import Foundation
import HTTPTestSupport
import Synchronization

@testable import AnycodeAgent

/// The fake's routes besides ACP.
struct FakeRunnerRoutes {
    let runner: FakeRunner

    func serve(
        _ request: ScriptedConnection.Request, _ path: String, _ query: RunnerQuery, _ connection: ScriptedConnection,
        _ prepare: (JSON) -> [JSON]
    ) -> Bool {
        switch "\(request.method) \(path)" {
        case "GET /v1/health": return health(connection)
        case "PUT /anycode/v1/environment":
            return put(request, connection, keys: ["variables"]) { body in
                guard let members = body["variables"]?.members else { return false }
                let pairs = members.compactMap { member in member.value.text.map { (member.key, $0) } }
                runner.state.withLock { $0.environment = Dictionary(uniqueKeysWithValues: pairs) }
                return pairs.count == members.count
            }
        case "POST /anycode/v1/workspace/prepare": return self.prepare(request, connection, prepare)
        case "POST /anycode/v1/acp/anycode/acknowledge":
            return put(request, connection, keys: ["event_id"]) { body in
                guard let number = body["event_id"]?.integer else { return false }
                runner.state.withLock { $0.acknowledged.append(number) }
                return true
            }
        case "GET /anycode/v1/workspace/status": return status(connection)
        case "GET /anycode/v1/workspace/patch": return patch(query, connection)
        case "POST /anycode/v1/workspace/apply": return apply(request, connection)
        case "GET /v1/fs/file", "PUT /v1/fs/file": return file(request, query, connection)
        default:
            if request.method == "PUT", path.hasPrefix("/anycode/v1/agents/") {
                return define(request, path, connection)
            }
            runner.complain("no such route: \(request.method) \(path)")
            return runner.problem(connection, "404 Not Found", "session_not_found", "There is no such route.")
        }
    }

    private func json(_ connection: ScriptedConnection, _ json: JSON) -> Bool {
        connection.answer(
            "200 OK", headers: "Content-Type: application/json\r\n", String(decoding: json.bytes, as: UTF8.self))
    }

    private func put(
        _ request: ScriptedConnection.Request, _ connection: ScriptedConnection, keys: [String], _ body: (JSON) -> Bool
    ) -> Bool {
        let parsed = try? JSON(parsing: request.body)
        let isRight = request.headers["content-type"] == "application/json" && parsed?.members?.map(\.key) == keys
        if isRight, let parsed, body(parsed) { return connection.answer("204 No Content") }
        runner.complain("wrong body for \(request.line)")
        return runner.problem(connection, "400 Bad Request", "invalid_request", "The body is wrong.")
    }

    private func health(_ connection: ScriptedConnection) -> Bool {
        let (agent, count, tellsProtocol) = runner.state.withLock { ($0.agent, $0.events.count, $0.tellsProtocol) }
        let servers: [JSON] =
            agent.map {
                [
                    [
                        "server_id": "anycode", "agent": .string($0), "running": true,
                        "last_event_id": .integer(Int64(count)),
                    ]
                ]
            } ?? []
        guard tellsProtocol else {
            return json(
                connection, ["status": "ok", "version": "9.9", "log_id": "log1", "servers": .array(servers)])
        }
        return json(
            connection,
            ["status": "ok", "version": "9.9", "protocol": 1, "log_id": "log1", "servers": .array(servers)])
    }

    private func define(_ request: ScriptedConnection.Request, _ path: String, _ connection: ScriptedConnection) -> Bool
    {
        let name = String(path.split(separator: "/").last ?? "").removingPercentEncoding ?? ""
        return put(request, connection, keys: ["command", "env"]) { body in
            guard let command = body["command"]?.array, body["env"]?.isObject == true else { return false }
            runner.state.withLock { $0.agents[name] = command.compactMap(\.text) }
            return !command.isEmpty
        }
    }

    private func prepare(
        _ request: ScriptedConnection.Request, _ connection: ScriptedConnection, _ script: (JSON) -> [JSON]
    ) -> Bool {
        guard let body = try? JSON(parsing: request.body), body.members?.map(\.key) == ["source"],
            let source = body["source"],
            source == .null
                || source.members?.map(\.key).filter({ $0 != "commit" }) == [
                    "url", "branch", "pull", "depth", "credentials",
                ]
        else {
            runner.complain("wrong body for prepare")
            return runner.problem(connection, "400 Bad Request", "invalid_request", "The body is wrong.")
        }
        runner.state.withLock { $0.prepareBodies.append(body) }
        connection.startChunks("application/x-ndjson")
        for line in script(source) {
            // In two pieces: lines do not come as chunks.
            let text = String(decoding: line.bytes, as: UTF8.self) + "\n"
            connection.chunk(String(text.prefix(3)))
            connection.chunk(String(text.dropFirst(3)))
        }
        return connection.chunk("")
    }

    private func status(_ connection: ScriptedConnection) -> Bool {
        json(
            connection,
            [
                "base": "b1", "head": "h1", "branch": .null, "dirty": true,
                "files": [
                    ["path": "a b.txt", "status": "added", "added": 3, "removed": 0, "binary": false],
                    ["path": "x.png", "status": "modified", "added": .null, "removed": .null, "binary": true],
                ],
            ])
    }

    private func patch(_ query: RunnerQuery, _ connection: ScriptedConnection) -> Bool {
        let patch = runner.state.withLock { $0.patch }
        guard let limit = query["limit"].flatMap({ Int($0) }) else {
            runner.complain("patch without a limit")
            return runner.problem(connection, "400 Bad Request", "invalid_request", "No limit.")
        }
        guard patch.count <= limit else {
            return runner.problem(
                connection, "413 Content Too Large", "too_large", "The patch has \(patch.count) bytes.")
        }
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(patch.count)\r\nx-anycode-base: b1\r\n\r\n")
        return connection.write(patch)
    }

    private func apply(_ request: ScriptedConnection.Request, _ connection: ScriptedConnection) -> Bool {
        guard request.body.starts(with: "diff".utf8) else {
            return runner.problem(connection, "409 Conflict", "conflict", "The patch does not apply.")
        }
        runner.state.withLock { $0.applied.append(request.body) }
        return connection.answer("204 No Content")
    }

    private func file(_ request: ScriptedConnection.Request, _ query: RunnerQuery, _ connection: ScriptedConnection)
        -> Bool
    {
        let path = query["path"] ?? ""
        if request.method == "PUT" {
            runner.state.withLock { $0.files[path] = request.body }
            return json(connection, ["path": .string(path), "bytesWritten": .integer(Int64(request.body.count))])
        }
        guard let bytes = runner.state.withLock({ $0.files[path] }) else {
            return runner.problem(connection, "404 Not Found", "session_not_found", "There is no \(path).")
        }
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\r\n")
        return connection.write(bytes)
    }
}
