import Foundation
import ScriptedModel
import Testing

/// Tasks with the real Codex in a real sandbox, driven from the chat and asserted there.
@Suite(.serialized) struct CodexTaskTests {
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
        try await OfficialProgram.codex.run([CodexScripts.failure, CodexScripts.lines]) { installation, daemon, model in
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
                try await daemon.expect(saying: "server failed")
                try await daemon.expect(saying: "It went through")
            }
            try await daemon.turn("BIGOUT now") {
                try await daemon.press("Allow")
                try await daemon.expect(saying: "That was much")
            }
            try await daemon.turn("TALK " + String(repeating: "0123456789 ", count: 10_000)) {
                try await daemon.expect(saying: "Only words, no tool")
            }
            #expect(model.requests.contains { ($0.lastUserText?.utf8.count ?? 0) > 100_000 })

            try await daemon.turn(
                "LONGCMD again",
                {
                    try await daemon.press("Allow")
                    try await daemon.expect("→ Allow")
                    try killProgram(of: session, installation)
                }, ends: "❌ Failed")
            try await daemon.turn("TALK again") { try await daemon.expect(saying: "Only words, no tool") }
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

    @Test func workAndItsPriceAreShownAndMayBeSteered() async throws {
        try await OfficialProgram.codex.run(CodexScripts.work) { installation, daemon, model in
            daemon.enter("/task FAIL please")
            let session = try await daemon.expect(#"codex · `(\w{8})`"#)[0]
            try await daemon.expect("own sandbox is off")
            try await daemon.press("Allow")
            try await daemon.expect(saying: "what is wrong")
            try await daemon.expect("✅ Done.* 240 tokens")
            try await daemon.turn("PATCH it", { try await daemon.press("Deny") }, ends: "✅ Done.*no files changed")
            try await daemon.turn(
                "PATCH it",
                {
                    try await daemon.expect(#"May it. `\S* ?new.txt`"#)
                    try await daemon.expect(#"\+ ?one"#)
                    try await daemon.press("Allow")
                }, ends: #"✅ Done.*1 file changed.* 240 tokens \(in all 720 tokens\)"#)

            daemon.enter("/mode plan")
            try await daemon.expect("Mode of")
            try await daemon.turn("PLANNED well") { try await daemon.expect("First[\\s\\S]*Second") }
            daemon.enter("/mode")
            try await daemon.press("Don't ask")
            try await daemon.expect("Mode of `\(session)`: \\*?\\*?Don't ask")
            daemon.enter("/model")
            try await daemon.expect("Model of codex")
            try await daemon.turn("/compact") { try await daemon.expect("conversation was compacted") }

            daemon.enter("STEADY now")
            try await daemon.expect("line2\\b")
            daemon.enter("TALK meanwhile")
            try await daemon.press("Send now")
            try await daemon.expect("in the middle of its turn")
            try await daemon.expect(saying: "Only words, no tool")
            try await daemon.expect("✅ Done")

            // What holds is set again in a program that is started again, and the conversation goes on elsewhere.
            daemon.enter("LONGCMD now")
            try await daemon.expect(saying: "This command takes a minute")
            _ = try await model.waitForRequest { $0.lastUserText == "LONGCMD now" && $0.outcome == .answered }
            try killProgram(of: session, installation)
            try await daemon.expect("❌ Failed")
            try await daemon.turn("make it") { try await daemon.expect(saying: "Done: hello.txt was created") }
            daemon.enter("/cancel \(session)")
            try await daemon.expect("cancelled, sandbox removed")
            daemon.enter("/resume \(session) TALK of herons")
            try await daemon.expect(saying: "Only words, no tool")
            let other = try #require(Sandbox.all(in: installation.sandboxes).first?.session)
            #expect(try memory(installation, other).contains("FAIL please"))
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
