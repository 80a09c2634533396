import AnycodeJSON
import Foundation
import Testing

@testable import AnycodeRunner

/// Plays a recorded conversation of the real program against the translation.
///
/// What the program said is fed as it was; what it was told must come out of the translation again, byte for byte as JSON,
/// when a client does what the person did then.
struct ClaudeReplay {
    private var translation = ClaudeCodeTranslation(directory: "/workspace", mayBypass: false)
    private var splitter = LineSplitter(limit: 1 << 20)
    private var told: [JSON] = []
    private var lastID: Int64 = 100
    private(set) var client: [JSON] = []
    /// Ids of the prompts that were given.
    private(set) var prompts: [JSON] = []

    /// Plays a transcript, the program's output in pieces of `size` bytes; nil: as it was written.
    static func play(_ transcript: [Substring], pieces size: Int?) throws -> ClaudeReplay {
        var replay = ClaudeReplay()
        var output: [UInt8] = []
        try replay.begin(transcript)
        for line in transcript.dropFirst() {
            if line.hasPrefix("< ") {
                output += Array(line.dropFirst(2).utf8) + [0x0A]
            } else {
                try replay.feed(output, pieces: size)
                output = []
                try replay.tell(JSON(parsing: Array(line.dropFirst(2).utf8)))
            }
        }
        try replay.feed(output, pieces: size)
        #expect(replay.told.isEmpty)
        return replay
    }

    static func transcript(_ name: String) throws -> [Substring] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")
        return try String(contentsOf: folder.appending(path: name + ".txt"), encoding: .utf8).split(separator: "\n")
    }

    private mutating func begin(_ transcript: [Substring]) throws {
        let lines = try transcript.map { try JSON(parsing: Array($0.dropFirst(2).utf8)) }
        let session = lines.lazy.compactMap { $0.text("session_id") }.first ?? ""
        perform(
            translation.fromClient(
                [
                    "jsonrpc": "2.0", "id": 1, "method": "initialize",
                    "params": ["protocolVersion": 1, "clientCapabilities": ["elicitation": ["form": [:]]]],
                ]))
        perform(
            translation.fromClient(
                [
                    "jsonrpc": "2.0", "id": 2, "method": "session/new",
                    "params": ["cwd": "/workspace", "mcpServers": []],
                ]))
        let instructions = lines.first?["request"]?.text("appendSystemPrompt")
        perform(translation.started(session: session, instructions: instructions))
        #expect(told.popLast() == lines.first)
    }

    private mutating func perform(_ outputs: [ClaudeCodeTranslation.Output]) {
        for output in outputs {
            switch output {
            case .client(let message): client.append(message)
            case .program(let line): told.append(line)
            case .start: break
            }
        }
    }

    private mutating func feed(_ bytes: [UInt8], pieces size: Int?) throws {
        var lines: [LineSplitter.Line] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(size ?? rest.count)
            piece.withUnsafeBytes { splitter.append($0) { lines.append($0) } }
            rest = rest.dropFirst(piece.count)
        }
        for case .line(let line) in lines { perform(translation.fromProgram(try JSON(parsing: line))) }
    }

    /// The program was told this: the translation says it by itself, or when the client does its part.
    private mutating func tell(_ line: JSON) throws {
        if told.isEmpty { try act(line) }
        let said = told.isEmpty ? JSON.null : told.removeFirst()
        #expect(said == line)
    }

    private mutating func act(_ line: JSON) throws {
        switch line.text("type") {
        case "user":
            let content = line["message"]?["content"]
            let blocks = content?.array ?? [["type": "text", "text": content ?? ""]]
            prompts.append(request("session/prompt", ["prompt": .array(blocks.map(Self.block))]))
        case "control_response":
            let response = line["response"] ?? .null
            let asked = try #require(translation.pending.first { $0.value.control == response.text("request_id") })
            answer(asked.key, asked.value, response["response"] ?? .null)
        default: control(line["request"] ?? .null)
        }
    }

    private static func block(_ block: JSON) -> JSON {
        guard let source = block["source"] else { return block }
        return ["type": "image", "mimeType": source["media_type"] ?? "", "data": source["data"] ?? ""]
    }

    private mutating func control(_ request: JSON) {
        switch request.text("subtype") {
        case "interrupt":
            perform(
                translation.fromClient(
                    [
                        "jsonrpc": "2.0", "method": "session/cancel",
                        "params": ["sessionId": .string(translation.session)],
                    ]))
        case "set_permission_mode": _ = self.request("session/set_mode", ["modeId": request["mode"] ?? ""])
        case "set_model":
            _ = self.request("session/set_config_option", ["configId": "model", "value": request["model"] ?? ""])
        default: break
        }
    }

    private mutating func request(_ method: String, _ params: JSON) -> JSON {
        lastID += 1
        let id = JSON.integer(lastID)
        let all = [JSON.Member("sessionId", .string(translation.session))] + (params.members ?? [])
        perform(
            translation.fromClient(
                ["jsonrpc": "2.0", "id": id, "method": .string(method), "params": .object(all)]))
        return id
    }

    private mutating func answer(_ id: Int64, _ asked: ClaudeCodeTranslation.Asked, _ response: JSON) {
        let allows = response.text("behavior") == "allow"
        let stops = response["interrupt"] != nil
        switch asked.kind {
        case .permission, .plan:
            let isPlan = asked.name == "ExitPlanMode"
            let always = response["updatedPermissions"] == nil ? "allow" : isPlan ? "edits" : "always"
            let option = allows ? always : stops ? "stop" : "deny"
            reply(
                id,
                [
                    "outcome": ["outcome": "selected", "optionId": .string(option)],
                    "_meta": ["message": response["message"] ?? ""],
                ])
        case .questions, .texts, .reason:
            guard allows else { return reply(id, ["action": stops ? "cancel" : "decline"]) }
            fill(id, asked.input["questions"]?.array ?? [], response["updatedInput"]?["answers"] ?? .null)
        }
    }

    /// Chooses what the answers name; what is no choice is said in own words.
    private mutating func fill(_ id: Int64, _ questions: [JSON], _ answers: JSON) {
        var chosen: [JSON.Member] = []
        var own: [JSON.Member] = []
        for (index, question) in questions.enumerated() {
            let labels = (question["options"]?.array ?? []).compactMap { $0.text("label") }
            let parts = (answers.text(question.text("question") ?? "") ?? "").split(separator: ", ").map(String.init)
            var values = parts.filter(labels.contains)
            if values.count < parts.count {
                values.append(ClaudeCodeTranslation.otherChoice)
                own.append(
                    .init("q\(index + 1)", .string(parts.filter { !labels.contains($0) }.joined(separator: ", "))))
            }
            let isMultiple = question["multiSelect"]?.bool ?? false
            let value = JSON.array(values.map { .string($0) })
            chosen.append(.init("q\(index + 1)", isMultiple ? value : .string(values.first ?? "")))
        }
        reply(id, ["action": "accept", "content": .object(chosen)])
        guard !own.isEmpty, let next = translation.pending.keys.max() else { return }
        reply(next, ["action": "accept", "content": .object(own)])
    }

    private mutating func reply(_ id: Int64, _ result: JSON) {
        perform(translation.fromClient(["jsonrpc": "2.0", "id": .integer(id), "result": result]))
    }
}
