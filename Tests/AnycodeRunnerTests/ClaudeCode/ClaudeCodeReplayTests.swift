import AnycodeJSON
import Foundation
import Testing

@testable import AnycodeRunner

/// Transcripts of Claude Code 2.1.330, recorded by `ANYCODE_RECORD_TRANSCRIPTS=DIR` with the live tests.
@Suite struct ClaudeCodeReplayTests {
    static let names = [
        "always", "cancel", "commands", "hostile", "permissions", "questions", "resume", "troubles", "work",
    ]

    @Test(arguments: names) func aConversationIsTheSameInOnePieceAndInMany(name: String) throws {
        let transcript = try ClaudeReplay.transcript(name)
        let whole = try ClaudeReplay.play(transcript, pieces: nil)
        #expect(try ClaudeReplay.play(transcript, pieces: 997).client == whole.client)
        #expect(try ClaudeReplay.play(transcript, pieces: 1).client == whole.client)
    }

    @Test(arguments: names) func everyPromptIsAnsweredAndEveryCallIsKnown(name: String) throws {
        let replay = try ClaudeReplay.play(ClaudeReplay.transcript(name), pieces: nil)
        for prompt in replay.prompts {
            #expect(replay.client.filter { $0["id"] == prompt && $0["method"] == nil }.count == 1)
        }
        var calls: Set<String> = []
        for update in replay.client.compactMap({ $0["params"]?["update"] }) {
            let id = update.text("toolCallId") ?? ""
            if update.text("sessionUpdate") == "tool_call" { #expect(calls.insert(id).inserted) }
            if update.text("sessionUpdate") == "tool_call_update" { #expect(calls.contains(id)) }
        }
        #expect(!replay.client.contains { $0.text("method") == "_claude_code/skipped" })
    }

    @Test func cancelledTurnsEndAsCancelled() throws {
        let replay = try ClaudeReplay.play(ClaudeReplay.transcript("cancel"), pieces: nil)
        let reasons = replay.client.compactMap { $0["result"]?.text("stopReason") }
        #expect(reasons == ["cancelled", "cancelled", "cancelled", "end_turn"])
        #expect(replay.client.contains { $0.text("method") == "$/cancel_request" })
    }

    @Test func nothingIsGrantedBeyondTheSession() throws {
        for line in try ClaudeReplay.transcript("always") where line.hasPrefix("> ") {
            let answer = try JSON(parsing: Array(line.dropFirst(2).utf8))["response"]?["response"]
            for update in answer?["updatedPermissions"]?.array ?? [] {
                #expect(update.text("destination") == "session")
            }
        }
    }
}
