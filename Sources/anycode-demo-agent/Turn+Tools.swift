#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Turn {
    /// A tool call while it is worked on.
    struct Call: Sendable {
        var id: String
        var title: String
        var kind: String
        var content: JSON = []
        var locations: JSON = []
    }

    func begin(_ call: Call, status: String) {
        updates.send(
            "tool_call",
            [
                "toolCallId": .string(call.id), "title": .string(call.title), "kind": .string(call.kind),
                "status": .string(status), "content": call.content, "locations": call.locations,
            ])
    }

    func update(_ call: Call, status: String, text: String? = nil) {
        var fields: [String: JSON] = ["toolCallId": .string(call.id), "status": .string(status)]
        if let text { fields["content"] = [["type": "content", "content": Updates.text(text)]] }
        updates.send("tool_call_update", fields)
    }

    /// Asks whether the call may go on, unless the mode or an earlier answer says so.
    mutating func permits(_ call: Call) async throws -> Bool {
        if session.mode == "auto" || session.allowed.contains(call.kind) { return true }
        let toolCall: JSON = [
            "toolCallId": .string(call.id), "title": .string(call.title), "kind": .string(call.kind),
            "status": "pending", "content": call.content, "locations": call.locations,
        ]
        let answer: JSON
        do {
            answer = try await wire.ask(
                "session/request_permission",
                [
                    "sessionId": .string(session.id), "toolCall": toolCall,
                    "options": [
                        ["optionId": "once", "name": "Allow once", "kind": "allow_once"],
                        ["optionId": "always", "name": "Always allow", "kind": "allow_always"],
                        ["optionId": "no", "name": "Reject", "kind": "reject_once"],
                    ],
                ])
        } catch is Wire.Refused {
            return false
        }
        guard answer["outcome"]?["outcome"]?.string == "selected" else { throw CancellationError() }
        switch answer["outcome"]?["optionId"]?.string {
        case "once": return true
        case "always":
            session.allowed.insert(call.kind)
            return true
        default: return false
        }
    }

    /// Writes a file after asking; false when that was rejected.
    mutating func edit(_ name: String, to new: String) async throws -> Bool {
        let path = session.directory + "/" + name
        let old = try? String(contentsOf: URL(filePath: path), encoding: .utf8)
        let call = Call(
            id: callID(), title: (old == nil ? "Create " : "Edit ") + name, kind: "edit",
            content: [
                [
                    "type": "diff", "path": .string(path), "oldText": old.map(JSON.string) ?? .null,
                    "newText": .string(new),
                ]
            ], locations: [["path": .string(path)]])
        begin(call, status: "pending")
        try await cancellable(call) { turn in
            guard try await turn.permits(call) else { return turn.update(call, status: "failed", text: "Rejected.") }
            turn.update(call, status: "in_progress")
            let folder = path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(new.utf8).write(to: URL(filePath: path), options: .atomic)
            turn.update(call, status: "completed")
        }
        return (try? String(contentsOf: URL(filePath: path), encoding: .utf8)) == new
    }

    /// Runs a command after asking; nil when that was rejected.
    mutating func execute(_ command: String, title: String? = nil) async throws -> Int32? {
        let call = Call(id: callID(), title: title ?? command, kind: "execute")
        var code: Int32?
        begin(call, status: "pending")
        try await cancellable(call) { turn in
            guard try await turn.permits(call) else { return turn.update(call, status: "failed", text: "Rejected.") }
            turn.update(call, status: "in_progress")
            var heard = ""
            let ended = try await Shell.run(command, in: turn.session.directory) { piece in
                heard += piece
                turn.update(call, status: "in_progress", text: heard)
            }
            code = ended
            turn.update(call, status: ended == 0 ? "completed" : "failed", text: heard + "exit code \(ended)")
        }
        return code
    }

    /// Reads a file of the workspace and shows that it did.
    func read(_ name: String) async throws -> String? {
        let path = session.directory + "/" + name
        let call = Call(id: callID(), title: "Read \(name)", kind: "read", locations: [["path": .string(path)]])
        begin(call, status: "in_progress")
        let text = try? String(contentsOf: URL(filePath: path), encoding: .utf8)
        update(call, status: "completed", text: text.map { String($0.prefix(2000)) } ?? "There is no \(name).")
        return text
    }

    private func callID() -> String {
        "call-" + String(UInt64.random(in: 0 ... .max), radix: 36)
    }

    /// A call that the person cancels ends as failed, not as pending for ever.
    private mutating func cancellable(_ call: Call, _ body: (inout Turn) async throws -> Void) async throws {
        do {
            try await body(&self)
        } catch {
            update(call, status: "failed", text: error is CancellationError ? "Cancelled." : "\(error)")
            throw error
        }
    }
}
