import Foundation
import Synchronization
import TestJSON

extension FakeOpencode {
    func answer(_ request: FakeRequest, _ path: [String], _ directory: String) -> FakeAnswer {
        if release == .next { return nextGeneration(request, path) }
        switch (request.method, path.first, path.count) {
        case ("GET", "global", 2) where path[1] == "health":
            return .ok(["healthy": true, "version": .string(release.rawValue)])
        case ("GET", "agent", 1):
            return .ok([
                ["name": "build", "mode": "primary"], ["name": "plan", "mode": "primary"],
                ["name": "general", "mode": "subagent"],
            ])
        case ("GET", "config", 2) where path[1] == "providers":
            let model: JSON = ["name": "Fake model", "limit": ["context": 200_000, "output": 8_000]]
            return .ok([
                "providers": [["id": "fake", "name": "Fake", "models": ["fake-1": model]]],
                "default": ["fake": "fake-1"],
            ])
        case ("POST", "session", 1): return create(request, directory)
        case ("GET", "session", 2) where path[1] == "status": return .ok(statuses(directory))
        case ("GET", "session", 2): return known(path[1]) { .ok(self.shown($0)) }
        case ("GET", "session", 3) where path[2] == "message": return known(path[1]) { .ok(.array($0.messages)) }
        case ("GET", "session", 3) where path[2] == "children":
            return known(path[1]) { parent in
                .ok(.array(self.world.copy.sessions.values.filter { $0.parent == parent.id }.map(self.shown)))
            }
        case ("POST", "session", 3) where path[2] == "prompt_async": return prompt(request, path[1], directory)
        case ("POST", "session", 3) where path[2] == "abort": return abort(path[1])
        case ("GET", "permission", 1): return .ok(.array(world.copy.permissions.values.map(\.shown)))
        case ("GET", "question", 1): return .ok(.array(world.copy.questions.values.map(\.shown)))
        case ("POST", "permission", 3) where path[2] == "reply": return decide(request, path[1])
        case ("POST", "question", 3) where path[2] == "reply": return reply(request, path[1])
        case ("POST", "question", 3) where path[2] == "reject": return settle(path[1], .null)
        default: return FakeAnswer(status: 404, body: ["name": "NotFoundError", "data": ["message": "No such route"]])
        }
    }

    /// 2.x: a page for what is not below `/api`.
    private func nextGeneration(_ request: FakeRequest, _ path: [String]) -> FakeAnswer {
        if request.method == "GET" { return FakeAnswer(page: "<!doctype html><title>opencode</title>") }
        return FakeAnswer(status: 405)
    }

    private func known(_ id: String, _ body: (Session) -> FakeAnswer) -> FakeAnswer {
        guard let session = world.copy.sessions[id] else {
            return FakeAnswer(
                status: 404, body: ["name": "NotFoundError", "data": ["message": .string("Session not found: \(id)")]])
        }
        return body(session)
    }

    func shown(_ session: Session) -> JSON {
        JSON.object([
            "id": .string(session.id), "slug": "fake", "projectID": "global",
            "directory": .string(session.directory), "title": "New session", "version": .string(release.rawValue),
            "time": ["created": 1, "updated": 1],
        ]).with(["parentID": session.parent.map { .string($0) }])
    }

    /// Sessions that are idle are not listed.
    private func statuses(_ directory: String) -> JSON {
        let busy = world.copy.sessions.values.filter { $0.directory == directory && $0.status != "idle" }
        return .object(Dictionary(uniqueKeysWithValues: busy.map { ($0.id, ["type": .string($0.status)]) }))
    }

    private func create(_ request: FakeRequest, _ directory: String) -> FakeAnswer {
        let allowed = ["parentID", "title", "agent", "model", "metadata", "permission", "workspaceID"]
        if let fault = request.fault(allowed: allowed) { return .badRequest(fault) }
        return .ok(shown(makeSession(directory, parent: nil)))
    }

    func makeSession(_ directory: String, parent: String?) -> Session {
        let session = Session(id: id("ses"), directory: directory, parent: parent)
        world.withLock { $0.sessions[session.id] = session }
        publish("session.created", ["sessionID": .string(session.id), "info": shown(session)], in: session.id)
        return session
    }

    private func prompt(_ request: FakeRequest, _ id: String, _ directory: String) -> FakeAnswer {
        known(id) { session in
            let allowed = ["messageID", "model", "agent", "noReply", "tools", "format", "system", "variant"]
            if let fault = request.fault(required: ["parts"], allowed: allowed) { return .badRequest(fault) }
            guard let parts = request.body?["parts"]?.array, !parts.isEmpty else {
                return .badRequest("parts are required")
            }
            for part in parts {
                let members = Set((part.object ?? [:]).keys)
                switch part["type"]?.string {
                case "text" where part["text"]?.string != nil:
                    let known: Set = ["id", "type", "text", "synthetic", "ignored", "time", "metadata"]
                    if !members.isSubset(of: known) { return .badRequest("Unexpected key in a text part") }
                case "file" where members.isSuperset(of: ["mime", "url"]):
                    if !members.isSubset(of: ["id", "type", "mime", "filename", "url", "source"]) {
                        return .badRequest("Unexpected key in a file part")
                    }
                default: return .badRequest("No such part")
                }
            }
            if let model = request.body?["model"], Set((model.object ?? [:]).keys) != ["providerID", "modelID"] {
                return .badRequest("model")
            }
            guard session.directory == directory else { return .badRequest("Another directory's session") }
            let turn = FakeOpencodeTurn(server: self, session: session.id, body: request.body ?? .null)
            let thread = Thread { turn.run() }
            thread.start()
            return .nothing
        }
    }

    private func abort(_ id: String) -> FakeAnswer {
        known(id) { session in
            self.change(id) { $0.isAborted = true }
            let asked = self.world.withLock { world in
                defer {
                    world.permissions = [:]
                    world.questions = [:]
                }
                return world.permissions.values.map(\.pending) + world.questions.values.map(\.pending)
            }
            for pending in asked { pending.settle(["reply": "reject"]) }
            if session.status == "idle" { self.setStatus(id, "idle") }
            return .ok(true)
        }
    }

    private func decide(_ request: FakeRequest, _ id: String) -> FakeAnswer {
        if let fault = request.fault(required: ["reply"], allowed: ["message"]) { return .badRequest(fault) }
        guard let reply = request.body?["reply"]?.string, ["once", "always", "reject"].contains(reply) else {
            return .badRequest("reply")
        }
        guard let found = world.withLock({ $0.permissions.removeValue(forKey: id) }) else {
            return FakeAnswer(
                status: 404, body: ["_tag": "PermissionNotFoundError", "requestID": .string(id), "message": "gone"])
        }
        let session = found.shown["sessionID"]?.string ?? ""
        publish(
            "permission.replied",
            ["sessionID": .string(session), "requestID": .string(id), "reply": .string(reply)], in: session)
        found.pending.settle(request.body ?? .null)
        return .ok(true)
    }

    private func reply(_ request: FakeRequest, _ id: String) -> FakeAnswer {
        if let fault = request.fault(required: ["answers"]) { return .badRequest(fault) }
        guard let answers = request.body?["answers"]?.array, answers.allSatisfy({ $0.array != nil }) else {
            return .badRequest("answers")
        }
        return settle(id, .array(answers))
    }

    private func settle(_ id: String, _ answer: JSON) -> FakeAnswer {
        guard let found = world.withLock({ $0.questions.removeValue(forKey: id) }) else {
            return FakeAnswer(
                status: 404, body: ["_tag": "QuestionNotFoundError", "requestID": .string(id), "message": "gone"])
        }
        let session = found.shown["sessionID"]?.string ?? ""
        publish(
            answer == .null ? "question.rejected" : "question.replied",
            JSON.object(["sessionID": .string(session), "requestID": .string(id)])
                .with(["answers": answer == .null ? nil : answer]), in: session)
        found.pending.settle(answer)
        return .ok(true)
    }
}
