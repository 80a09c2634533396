import Foundation
import ScriptedModel
import Testing

/// Tasks with the real Codex in a real sandbox, driven from the chat and asserted there.
@Suite(.serialized) struct CodexTaskTests {
    /// The console shows a message that grows line by line.
    private static let lines = ModelScript(
        word: "LINES", steps: [.init((1...200).map { "line\($0)\n" }.joined(), pace: .milliseconds(100))])

    private static let failure = ModelScript(
        word: "E500", steps: [.init("It went through.", failure: .init(status: 500, times: 5))])

    @Test func everyPermissionAndQuestionIsAnsweredFromTheChat() async throws {
        try await OfficialProgram.codex.run([]) { installation, daemon, model in
            daemon.enter("/task make the file")
            let session = try await daemon.expect(#"codex · `(\w{8})`"#)[0]
            try await daemon.expect(saying: "I will create hello.txt now")
            try await daemon.expect(#"May it. `echo hello from the model > hello.txt`"#)
            try await daemon.press("Deny, and say why")
            try await daemon.expect("What should it do instead")
            daemon.enter("Leave it alone.")
            // To the scripted model the words are a new request for the same.
            try await daemon.press("Deny")
            try await daemon.expect("✅ Done.*no files changed")

            try await daemon.turn("make it") { try await daemon.press("Deny") }
            try await daemon.turn("make it", { try await daemon.press("Deny and stop") }, ends: "(?i)stopped")
            try await daemon.turn("make it") {
                try await daemon.press("Allow")
                try await daemon.expect(saying: "Done: hello.txt was created")
            }
            try await daemon.turn("make it") { try await daemon.press("Always in this session") }
            let asked = daemon.output.text.components(separatedBy: "May it").count
            try await daemon.turn("make it") { try await daemon.expect(saying: "Done: hello.txt was created") }
            #expect(daemon.output.text.components(separatedBy: "May it").count == asked)

            try await daemon.turn("ASK me") {
                try await daemon.expect(#"Which colour\?"#)
                try await daemon.press("blue")
                try await daemon.expect(saying: "that settles it")
            }
            try await daemon.turn("ASK me") {
                try await daemon.press("Something else, in my own words")
                try await daemon.expect("In your own words")
                daemon.enter("as green as grass")
                try await daemon.expect(saying: "that settles it")
            }
            #expect(try memory(installation, session).contains("as green as grass"))
            #expect(model.requests.allSatisfy { $0.status == 200 })
        }
    }

    @Test func cancellingKillingAndTroublesAreToldAndSurvived() async throws {
        try await OfficialProgram.codex.run([Self.failure, Self.lines]) { installation, daemon, model in
            daemon.enter("/task LINES please")
            let session = try await daemon.expect(#"codex · `(\w{8})`"#)[0]
            // Seen while the model still speaks.
            try await daemon.expect("line2\\b")
            #expect(!daemon.output.text.contains("line200"))
            daemon.enter("/stop")
            try await daemon.expect("(?i)stopped")
            try await daemon.turn(
                "make it",
                {
                    try await daemon.expect("May it")
                    daemon.enter("/stop")
                }, ends: "(?i)stopped")
            try await daemon.turn(
                "LONGCMD now",
                {
                    try await daemon.press("Allow")
                    try await daemon.expect("→ Allow")
                    daemon.enter("/stop")
                }, ends: "(?i)stopped")

            try await daemon.turn("ERR429 please") {
                try await daemon.expect(#"too many requests \(429\)"#)
                try await daemon.expect(saying: "It went through")
            }
            try await daemon.turn("E500 please") {
                try await daemon.expect("server failed")
                try await daemon.expect(saying: "It went through")
            }
            try await daemon.turn("BIGOUT now") {
                try await daemon.press("Allow")
                try await daemon.expect(saying: "That was much")
            }
            try await daemon.turn("TALK " + String(repeating: "0123456789 ", count: 10_000)) {
                try await daemon.expect("Only words, no tool")
            }
            #expect(model.requests.contains { ($0.lastUserText?.utf8.count ?? 0) > 100_000 })

            try await daemon.turn(
                "LONGCMD again",
                {
                    try await daemon.press("Allow")
                    try await daemon.expect("→ Allow")
                    try killProgram(of: session, installation)
                }, ends: "❌ Failed")
            try await daemon.turn("TALK again") { try await daemon.expect("Only words, no tool") }
            #expect(try memory(installation, session).contains("TALK again"))
        }
    }

    @Test func aHostileRepositoryGetsNothingAndABadKeyIsToldAsSuch() async throws {
        try await OfficialProgram.codex.run([], mode: "auto") { installation, daemon, model in
            try await HostileRepository.with(installation) { repository in
                daemon.enter("/task make the file in \(repository.url)")
                let session = try await daemon.expect(#"codex · `(\w{8})`"#)[0]
                try await daemon.expect("settings of its own for the agent")
                try await daemon.expect("MCP server evil")
                try await daemon.expect("hook SessionStart.*touch EVIL")
                try await daemon.press("Go on without them")
                // In the mode “auto” nothing is asked.
                try await daemon.expect(saying: "Done: hello.txt was created")
                try await daemon.expect("✅ Done.*1 file changed")
                let sandbox = try installation.sandbox(of: session)
                #expect(try files(sandbox, named: HostileRepository.mark).isEmpty)
                #expect(!daemon.output.text.contains("May it"))
            }
            daemon.enter("/task codex-locked TALK to me")
            try await daemon.expect("❌ Failed: The model's server does not accept the key. Check OPENAI_API_KEY")
            #expect(!daemon.output.text.contains("sk-wrong") && !daemon.errors.text.contains("sk-wrong"))
            #expect(model.requests.filter { $0.status == 200 }.count == 2)
        }
    }

    @Test func fourAtOnceDoNotMindEachOther() async throws {
        try await OfficialProgram.codex.run([], session: "linger_seconds = 0") { installation, daemon, _ in
            for _ in 1...4 { daemon.enter("/task make the file") }
            for _ in 1...4 {
                try await daemon.expect("May it. `echo hello from the model > hello.txt`")
                try await daemon.press("Allow")
            }
            try await daemon.expect("completed, sandbox removed", times: 4)
            try await daemon.expect("1 file changed", times: 4)
            #expect(Sandbox.all(in: installation.sandboxes).isEmpty)
        }
    }

    /// What the program keeps of its conversations, and so what the model was told.
    private func memory(_ installation: Installation, _ session: String) throws -> String {
        let sandbox = try installation.sandbox(of: session)
        return try files(sandbox, named: ".jsonl").filter { $0.contains("/.codex/sessions/") }
            .map { try String(contentsOfFile: $0, encoding: .utf8) }.joined()
    }
}
