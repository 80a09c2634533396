import AnycodeJSON
import Foundation
import Testing

@testable import AnycodeRunner

/// Conversations of the real program (0.163.0), a line each: `>` what it was told, `<` what it said.
@Suite struct CodexReplayTests {
    static let names = ["cancelling", "commands", "failures", "files", "questions", "resumed"]

    /// How much of the program's output arrives together.
    static let pieces = [Int.max, 4096, 61, 1]

    /// The client's part, as the lines that it led to tell.
    private struct Replay {
        var translation = CodexTranslation(directory: "/w/work")
        var splitter = LineSplitter(limit: 1 << 24)
        var said: [JSON] = []
        var told: [JSON] = []
        var open: [(id: JSON, params: JSON)] = []
        private var id: Int64 = 0

        mutating func take(_ outputs: [CodexTranslation.Output]) {
            for output in outputs {
                switch output {
                case .turnEnded: break
                case .program(let json): told.append(json)
                case .client(let json):
                    said.append(json)
                    if json["method"] != nil, let id = json["id"] { open.append((id, json["params"] ?? .null)) }
                }
            }
        }

        mutating func read(_ bytes: ArraySlice<UInt8>) throws {
            var lines: [LineSplitter.Line] = []
            bytes.withUnsafeBytes { raw in splitter.append(raw) { lines.append($0) } }
            for case .line(let line) in lines { take(translation.fromProgram(try JSON(parsing: line))) }
        }

        mutating func call(_ method: String, _ params: JSON) {
            id += 1
            take(
                translation.fromClient(
                    ["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params]))
        }

        mutating func answer(_ result: JSON) throws {
            let last = open.popLast()
            let asked = try #require(last)
            take(translation.fromClient(["jsonrpc": "2.0", "id": asked.id, "result": result]))
        }

        mutating func lead(to line: JSON) throws {
            let params = line["params"] ?? .null
            let session = JSON.Member("sessionId", .string(translation.thread ?? params.text("threadId") ?? ""))
            switch line.text("method") {
            case "initialize": call("initialize", ["clientCapabilities": ["elicitation": ["form": [:]]]])
            case "thread/start": call("session/new", ["cwd": "/w/work", "mcpServers": []])
            case "thread/resume": call("session/load", .object([session, .init("cwd", "/w/work")]))
            case "turn/start":
                if let policy = params.text("approvalPolicy") {
                    call("session/set_mode", .object([session, .init("modeId", policy == "never" ? "auto" : "ask")]))
                }
                call("session/prompt", .object([session, .init("prompt", params["input"] ?? [])]))
            case "turn/interrupt":
                take(translation.fromClient(["method": "session/cancel", "params": .object([session])]))
            case .some: break
            case nil: try decide(line["result"] ?? .null)
            }
        }

        private mutating func decide(_ result: JSON) throws {
            if let decision = result.text("decision") {
                return try answer(["outcome": ["outcome": "selected", "optionId": .string(decision)]])
            }
            guard let chosen = result["answers"]?["choice"]?["answers"]?.array?.first else {
                return try answer(["action": "decline"])
            }
            try answer(["action": "accept", "content": ["choice": .string(CodexTranslation.otherChoice)]])
            try answer(["action": "accept", "content": ["choice": chosen]])
        }
    }

    private func replay(_ name: String, piece: Int) throws -> Replay {
        let file = URL(fileURLWithPath: #filePath).appendingPathComponent("../Transcripts/\(name).txt")
        let text = try String(contentsOf: file.standardizedFileURL, encoding: .utf8)
        var replay = Replay()
        var expected: [JSON] = []
        var output: [UInt8] = []
        func flush() throws {
            var rest = output[...]
            while !rest.isEmpty {
                try replay.read(rest.prefix(piece))
                rest = rest.dropFirst(piece)
            }
            output = []
        }
        for line in text.split(separator: "\n") {
            if line.hasPrefix("<") {
                output += Array(line.dropFirst(2).utf8) + [0x0A]
            } else {
                try flush()
                let told = try JSON(parsing: Array(line.dropFirst(2).utf8))
                expected.append(told)
                try replay.lead(to: told)
            }
        }
        try flush()
        #expect(replay.told == expected)
        return replay
    }

    private func updates(_ replay: Replay, _ kind: String) -> [JSON] {
        replay.said.compactMap { $0["params"]?["update"] }.filter { $0.text("sessionUpdate") == kind }
    }

    @Test(arguments: names) func theSizeOfPiecesMakesNoDifference(name: String) throws {
        let whole = try replay(name, piece: .max)
        for piece in Self.pieces.dropFirst() {
            #expect(try replay(name, piece: piece).said == whole.said)
        }
    }

    @Test(arguments: names) func everyRequestIsAnsweredAndEveryCallEnds(name: String) throws {
        let replay = try replay(name, piece: .max)
        let answered = replay.said.filter { $0["method"] == nil }.compactMap { $0["id"]?.integer }
        #expect(answered.sorted() == Array(1...Int64(answered.count)))
        var states: [String: String] = [:]
        for update in updates(replay, "tool_call") + updates(replay, "tool_call_update") {
            states[update.text("toolCallId") ?? ""] = update.text("status")
        }
        #expect(states.values.allSatisfy { $0 == "completed" || $0 == "failed" })
        #expect(replay.translation.skipped.isEmpty)
        #expect(replay.said.allSatisfy { Message($0.bytes) != nil })
    }

    @Test func anAbandonedStreamIsShownOnce() throws {
        let replay = try replay("failures", piece: .max)
        let texts = updates(replay, "agent_message_chunk").filter { $0["_meta"] == nil }
        let said = texts.compactMap { $0["content"]?.text("text") }.joined()
        #expect(said == "It went through.It went through.This will be cut ")
        let errors = replay.said.compactMap { $0["error"]?["code"]?.integer }
        #expect(errors == [-32603, -32000])
    }

    @Test func aLoadedConversationIsTold() throws {
        let replay = try replay("resumed", piece: .max)
        let mine = updates(replay, "user_message_chunk").compactMap { $0["content"]?.text("text") }
        #expect(mine == ["TALK", "PARENT"])
        let opened = replay.said.firstIndex { $0["result"]?["modes"] != nil }
        let told = replay.said.firstIndex { $0["params"]?["update"]?.text("sessionUpdate") == "user_message_chunk" }
        let order = [try #require(told), try #require(opened)]
        #expect(order == order.sorted())
    }
}
