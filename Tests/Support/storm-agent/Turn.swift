import Foundation
import TestJSON

/// One turn: lines, with questions and permission requests spread among them, and a file.
struct Turn {
    private let name: String
    private let values: [String: String]
    private let wire: Wire
    private let ledger: LedgerLine

    init(_ prompt: String, wire: Wire, ledger: LedgerLine) {
        var values: [String: String] = [:]
        for word in prompt.split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        self.values = values
        self.wire = wire
        self.ledger = ledger
        name = values["job"].map { "j\($0)t\(values["turn"] ?? "1")" } ?? "words"
        // Words of a person that are no order are told as they came.
        let words = values["job"] == nil ? prompt.split(whereSeparator: \.isWhitespace).joined(separator: "_") : name
        ledger.tell("prompt \(words)")
    }

    func run(answering request: JSON) {
        let reason: String
        do throws(Wire.Cancelled) {
            try work()
            reason = "end_turn"
        } catch {
            reason = "cancelled"
        }
        ledger.tell("end \(name) \(reason)")
        wire.send(["id": request, "result": ["stopReason": .string(reason)]])
    }

    private func number(_ name: String) -> Int { values[name].flatMap(Int.init) ?? 0 }

    private func work() throws(Wire.Cancelled) {
        guard values["job"] != nil else { return say("heard") }
        let lines = number("lines")
        let asks = Array(values["asks"] ?? "")
        var asked = 0
        for line in 1...max(1, lines) {
            try wire.pause(milliseconds: number("pace"))
            say("\(name)n\(line)")
            while asked < asks.count, line * (asks.count + 1) >= lines * (asked + 1) {
                asked += 1
                try ask(asks[asked - 1], "\(name)q\(asked)")
            }
        }
        if number("file") > 0 { writeFile() }
    }

    private func say(_ line: String) {
        ledger.tell("say \(line)")
        wire.update("agent_message_chunk", ["content": ["type": "text", "text": .string(line + "\n")]])
    }

    private func writeFile() {
        let path = FileManager.default.currentDirectoryPath + "/\(name).txt"
        guard (try? Data("written by \(name)\n".utf8).write(to: URL(fileURLWithPath: path))) != nil else { return }
        ledger.tell("file \(name)")
    }

    /// `p` asks for permission, `c` to choose, `w` for words.
    private func ask(_ kind: Character, _ question: String) throws(Wire.Cancelled) {
        ledger.tell("asked \(question)")
        let answer: String
        switch kind {
        case "c": answer = form(question, property: Self.choice, key: "choice")
        case "w": answer = form(question, property: ["type": "string", "title": "Words", "minLength": 1], key: "words")
        default: answer = permission(question)
        }
        ledger.tell("answer \(question) \(answer)")
        if answer == "cancelled" { throw Wire.Cancelled() }
    }

    private func permission(_ question: String) -> String {
        let call: JSON = ["toolCallId": .string(question), "title": .string(question), "kind": "execute"]
        wire.update("tool_call", (call.object ?? [:]).merging(["status": "pending"]) { $1 })
        let answer = wire.ask(
            "session/request_permission",
            [
                "sessionId": "storm", "toolCall": call,
                "options": [
                    ["optionId": "once", "name": "Allow once", "kind": "allow_once"],
                    ["optionId": "no", "name": "Reject", "kind": "reject_once"],
                ],
            ])
        wire.update("tool_call_update", ["toolCallId": .string(question), "status": "completed"])
        return answer["outcome"]?["optionId"]?.string ?? "cancelled"
    }

    private static let choice: JSON = [
        "type": "string", "title": "Choice",
        "oneOf": [["const": "red", "title": "Red"], ["const": "blue", "title": "Blue"]],
    ]

    private func form(_ question: String, property: JSON, key: String) -> String {
        let answer = wire.ask(
            "elicitation/create",
            [
                "sessionId": "storm", "mode": "form", "message": .string("What about \(question)?"),
                "requestedSchema": [
                    "type": "object", "properties": [key: property], "required": [.string(key)],
                ],
            ])
        switch answer["action"]?.string {
        case "accept": return answer["content"]?[key]?.string ?? "nothing"
        case "decline": return "declined"
        default: return "cancelled"
        }
    }
}
