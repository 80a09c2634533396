import Foundation
import Synchronization
import TestJSON

/// An assistant's message while it is being written.
final class FakeMessage: Sendable {
    let id: String
    private let server: FakeOpencode
    private let session: String
    private let info: Mutex<JSON>
    private let texts = Mutex<[String: String]>([:])

    init(server: FakeOpencode, session: String, parent: String) {
        self.server = server
        self.session = session
        id = server.id("msg")
        info = Mutex([
            "id": .string(id), "sessionID": .string(session), "role": "assistant", "time": ["created": 1],
            "parentID": .string(parent), "modelID": "fake-1", "providerID": "fake", "mode": "build", "agent": "build",
            "path": ["cwd": "/", "root": "/"], "cost": 0,
            "tokens": ["input": 0, "output": 0, "reasoning": 0, "cache": ["read": 0, "write": 0]],
        ])
    }

    func begin() {
        let info = info.copy
        server.change(session) { $0.messages.append(["info": info, "parts": []]) }
        server.publish("message.updated", ["sessionID": .string(session), "info": info], in: session)
    }

    func finish(error: JSON?) {
        let info = info.withLock { info in
            info = info.with([
                "time": ["created": 1, "completed": 2], "cost": .number(0.25), "finish": error == nil ? "stop" : nil,
                "error": error,
                "tokens": ["input": 100, "output": 20, "reasoning": 0, "cache": ["read": 5, "write": 0]],
            ])
            return info
        }
        let id = id
        server.change(session) { session in
            guard let place = session.messages.firstIndex(where: { $0["info"]?["id"]?.string == id }) else { return }
            session.messages[place] = session.messages[place].with(["info": info])
        }
        server.publish("message.updated", ["sessionID": .string(session), "info": info], in: session)
    }

    // MARK: Texts

    func say(_ pieces: String...) {
        let part = beginText()
        for piece in pieces { append(piece, to: part) }
        endText(part)
    }

    func think(_ words: String) {
        let part = beginText("reasoning")
        append(words, to: part)
        endText(part)
    }

    func beginText(_ type: String = "text") -> String {
        let part = server.id("prt")
        texts.withLock { $0[part] = "" }
        keep(text(part, type), publishing: [:])
        return part
    }

    func append(_ delta: String, to part: String) {
        texts.withLock { $0[part, default: ""] += delta }
        if server.release == .old {
            // Always the whole text, and what of it is new.
            return keep(text(part, "text"), publishing: ["delta": .string(delta)])
        }
        server.publish(
            "message.part.delta",
            [
                "sessionID": .string(session), "messageID": .string(id), "partID": .string(part), "field": "text",
                "delta": .string(delta),
            ], in: session)
    }

    func endText(_ part: String) {
        let type = stored(part)?["type"]?.string ?? "text"
        keep(text(part, type).with(["time": ["start": 1, "end": 2]]), publishing: [:])
    }

    private func text(_ part: String, _ type: String) -> JSON {
        let known = stored(part)?["type"]?.string ?? type
        return [
            "id": .string(part), "sessionID": .string(session), "messageID": .string(id), "type": .string(known),
            "text": .string(texts.copy[part] ?? ""), "time": ["start": 1],
        ]
    }

    // MARK: Tools

    func callTool(_ tool: String, input: JSON) -> String {
        let (part, call) = (server.id("prt"), server.id("call"))
        keep(self.tool(part, call, tool, ["status": "pending", "input": [:], "raw": ""]), publishing: [:])
        keep(
            self.tool(part, call, tool, ["status": "running", "input": input, "time": ["start": 1]]), publishing: [:])
        return call
    }

    func endTool(_ call: String, output: String? = nil, error: String? = nil) {
        guard let part = parts.first(where: { $0["callID"]?.string == call }), let id = part["id"]?.string,
            let name = part["tool"]?.string, let input = part["state"]?["input"]
        else { return }
        let time: JSON = ["start": 1, "end": 2]
        let state: JSON =
            error.map { ["status": "error", "input": input, "error": .string($0), "time": time] }
            ?? [
                "status": "completed", "input": input, "output": .string(output ?? ""), "title": "Creates a file",
                "metadata": [:], "time": time,
            ]
        keep(tool(id, call, name, state), publishing: [:])
    }

    private func tool(_ part: String, _ call: String, _ name: String, _ state: JSON) -> JSON {
        [
            "id": .string(part), "sessionID": .string(session), "messageID": .string(id), "type": "tool",
            "callID": .string(call), "tool": .string(name), "state": state,
        ]
    }

    // MARK: Parts

    private var parts: [JSON] {
        let message = server.world.copy.sessions[session]?.messages.first { $0["info"]?["id"]?.string == id }
        return message?["parts"]?.array ?? []
    }

    private func stored(_ part: String) -> JSON? { parts.first { $0["id"]?.string == part } }

    private func keep(_ part: JSON, publishing more: [String: JSON]) {
        let id = id
        server.change(session) { session in
            guard let place = session.messages.firstIndex(where: { $0["info"]?["id"]?.string == id }) else { return }
            var parts = session.messages[place]["parts"]?.array ?? []
            if let known = parts.firstIndex(where: { $0["id"] == part["id"] }) {
                parts[known] = part
            } else {
                parts.append(part)
            }
            session.messages[place] = session.messages[place].with(["parts": .array(parts)])
        }
        let properties = JSON.object(["part": part]).with(more.mapValues { Optional($0) })
        let full =
            server.release == .old ? properties : properties.with(["sessionID": .string(session), "time": 1])
        server.publish("message.part.updated", full, in: session)
    }
}
