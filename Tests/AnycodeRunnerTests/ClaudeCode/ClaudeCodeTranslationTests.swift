import AnycodeJSON
import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

/// What transcripts do not show: rare messages, wrong ones, and the pieces around the translation.
@Suite struct ClaudeCodeTranslationTests {
    /// A translation with an open session.
    private func open(forms: Bool = true) -> ClaudeCodeTranslation {
        var translation = ClaudeCodeTranslation(directory: "/workspace", mayBypass: false)
        let capabilities: JSON = forms ? ["elicitation": ["form": [:]]] : [:]
        _ = translation.fromClient(call(1, "initialize", ["clientCapabilities": capabilities]))
        _ = translation.fromClient(call(2, "session/new", ["cwd": "/workspace", "mcpServers": []]))
        _ = translation.started(session: "s1", instructions: nil)
        _ = translation.fromProgram(
            [
                "type": "control_response",
                "response": [
                    "subtype": "success", "request_id": "anycode-1", "response": ["claude_code_version": "2.1.330"],
                ],
            ])
        return translation
    }

    private func call(_ id: Int64, _ method: String, _ params: JSON) -> JSON {
        ["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params]
    }

    private func prompt(_ id: Int64, _ text: String) -> JSON {
        call(id, "session/prompt", ["sessionId": "s1", "prompt": [["type": "text", "text": .string(text)]]])
    }

    private func texts(_ outputs: [ClaudeCodeTranslation.Output]) -> [String] {
        outputs.compactMap { output in
            guard case .client(let message) = output else { return nil }
            return message["params"]?["update"]?["content"]?.text("text")
        }
    }

    private func errors(_ outputs: [ClaudeCodeTranslation.Output]) -> [Int64] {
        outputs.compactMap { output in
            guard case .client(let message) = output else { return nil }
            return message["error"]?["code"]?.integer
        }
    }

    @Test func limitsOfTheAccountAreToldOnce() {
        var translation = open()
        let event: JSON = [
            "type": "rate_limit_event",
            "rate_limit_info": [
                "status": "allowed_warning", "rateLimitType": "five_hour", "utilization": .number(0.92),
                "resetsAt": 1_795_418_813,
            ],
        ]
        let words = ["⚠️ The five-hour limit is almost reached (92 % used). It resets at 2026-11-23 07:26 UTC."]
        #expect(texts(translation.fromProgram(event)) == words)
        #expect(translation.fromProgram(event).isEmpty)
        let reached: JSON = ["type": "rate_limit_event", "rate_limit_info": ["status": "rejected"]]
        #expect(texts(translation.fromProgram(reached)) == ["⛔️ The usage limit is reached."])
    }

    @Test func unknownMessagesAreCountedAndToldOnce() {
        var translation = open()
        #expect(translation.fromProgram(["type": "novelty"]).count == 1)
        #expect(translation.fromProgram(["type": "novelty"]).isEmpty)
        #expect(translation.fromProgram(["type": "system", "subtype": "novelty"]).count == 1)
        #expect(translation.skipped == ["novelty": 2, "system/novelty": 1])
        let request: JSON = ["type": "control_request", "request_id": "r", "request": ["subtype": "novelty"]]
        #expect(translation.fromProgram(request).count == 2)
    }

    @Test(arguments: [
        "null", "{}", "[]", #"{"type":7}"#, #"{"type":"assistant","message":[1,{"content":3}]}"#,
        #"{"type":"stream_event","event":{"type":"content_block_delta","delta":{"type":"text_delta","text":5}}}"#,
        #"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"none"}]}}"#,
        #"{"type":"control_request","request":{"subtype":"can_use_tool"}}"#, #"{"type":"result"}"#,
    ])
    func malformedMessagesDoNoHarm(text: String) throws {
        var translation = open()
        _ = translation.fromProgram(try JSON(parsing: Array(text.utf8)))
        #expect(translation.fromClient(prompt(3, "hello")).count == 1)
    }

    @Test func programsThatDoNotTellTheirStateEndTurnsWithTheirResult() {
        var translation = open()
        _ = translation.fromClient(prompt(3, "hello"))
        let outputs = translation.fromProgram(["type": "result", "subtype": "success", "stop_reason": "max_tokens"])
        #expect(outputs == [.client(["jsonrpc": "2.0", "id": 3, "result": ["stopReason": "max_tokens"]])])
    }

    @Test func questionsThatCannotBeShownAreLeftToTheAgent() throws {
        var translation = open(forms: false)
        let outputs = translation.fromProgram(
            [
                "type": "control_request", "request_id": "r",
                "request": [
                    "subtype": "can_use_tool", "tool_name": "AskUserQuestion",
                    "input": ["questions": [["question": "?"]]],
                ],
            ])
        guard case .program(let answer)? = outputs.first else { return #expect(Bool(false)) }
        #expect(answer["response"]?["response"]?.text("behavior") == "deny")
    }

    @Test func whatIsAskedOutOfPlaceIsRefused() {
        var translation = ClaudeCodeTranslation(directory: "/workspace", mayBypass: false)
        #expect(errors(translation.fromClient(prompt(1, "hello"))) == [-32002])
        #expect(errors(translation.fromClient(call(2, "session/load", ["sessionId": "--debug"]))) == [-32002])
        #expect(errors(translation.fromClient(call(3, "fancy/thing", [:]))) == [-32601])
        var ready = open()
        #expect(errors(ready.fromClient(call(4, "session/new", [:]))) == [-32600])
        #expect(errors(ready.fromClient(call(5, "session/prompt", ["sessionId": "s1", "prompt": []]))) == [-32602])
        let bypass: JSON = ["sessionId": "s1", "modeId": "bypassPermissions"]
        #expect(errors(ready.fromClient(call(6, "session/set_mode", bypass))) == [-32602])
        #expect(
            ready.fromClient(["jsonrpc": "2.0", "method": "session/cancel", "params": ["sessionId": "s1"]]).isEmpty)
    }

    @Test func aProgramThatDoesNotStartIsToldAndMayBeStartedAgain() {
        var translation = ClaudeCodeTranslation(directory: "/workspace", mayBypass: false)
        let load = call(2, "session/load", ["sessionId": "11111111-1111-4111-8111-111111111111"])
        #expect(translation.fromClient(load) == [.start(.resume("11111111-1111-4111-8111-111111111111"))])
        let (outputs, goesOn) = translation.ended("No conversation found with session ID: 1")
        #expect(errors(outputs) == [-32002] && goesOn)
        #expect(translation.fromClient(call(3, "session/new", [:])) == [.start(.new)])
        #expect(errors(translation.ended("").outputs) == [-32603])
        #expect(open().tellsState == false)
    }

    @Test func olderVersionsAreSaid() {
        var settings = ClaudeCodeSettings()
        #expect(settings.versionNotice != nil)
        settings.version = "1.0.99"
        #expect(settings.versionNotice?.contains("older than 2.1") == true)
        settings.version = "2.1.330"
        #expect(settings.versionNotice == nil)
    }

    @Test func momentsAreWrittenAsDates() {
        #expect(ClaudeCodeWords.utc(0) == "1970-01-01 00:00 UTC")
        #expect(ClaudeCodeWords.utc(951_782_399) == "2000-02-28 23:59 UTC")
        #expect(ClaudeCodeWords.utc(1_709_164_800) == "2024-02-29 00:00 UTC")
    }

    @Test func theProgramIsStartedAloofFromTheRepository() {
        var launch = AgentLaunch(
            agent: "claude-code", executable: "/bin/claude", arguments: ["--model", "opus"],
            environment: ["CLAUDECODE": "1", "DISABLE_TELEMETRY": "0"], directory: "/workspace", marker: "M=1")
        let aloof = ClaudeCodeProgram(launch: launch).launch(session: "id", resumes: false)
        #expect(aloof.arguments.suffix(2) == ["--model", "opus"])
        #expect(aloof.arguments.contains("--session-id=id") && aloof.arguments.contains("--strict-mcp-config"))
        #expect(aloof.environment["CLAUDECODE"] == nil && aloof.environment["DISABLE_TELEMETRY"] == "0")
        #expect(aloof.environment["DISABLE_AUTOUPDATER"] == "1")
        launch.environment[NativeAgent.trustVariable] = "1"
        let trusting = ClaudeCodeProgram(launch: launch).launch(session: "id", resumes: true)
        #expect(!trusting.arguments.contains("--setting-sources") && trusting.arguments.contains("--resume=id"))
    }

    @Test func instructionsComeFromInsideTheRepositoryOnly() async throws {
        try await withTemporaryDirectory(prefix: "i") { directory in
            let work = directory.path + "/work"
            let files = FileManager.default
            try files.createDirectory(atPath: work, withIntermediateDirectories: true)
            #expect(RepositoryInstructions(workspace: work).text == nil)
            try Data("secret".utf8).write(to: URL(filePath: directory.path + "/secret"))
            try files.createSymbolicLink(atPath: work + "/CLAUDE.md", withDestinationPath: directory.path + "/secret")
            #expect(RepositoryInstructions(workspace: work).text == nil)
            try Data("Use tabs.".utf8).write(to: URL(filePath: work + "/AGENTS.md"))
            #expect(RepositoryInstructions(workspace: work).text?.contains("Use tabs.") == true)
            try files.removeItem(atPath: work + "/CLAUDE.md")
            try files.createSymbolicLink(atPath: work + "/CLAUDE.md", withDestinationPath: "AGENTS.md")
            #expect(RepositoryInstructions(workspace: work).text?.contains("From CLAUDE.md") == true)
            try files.removeItem(atPath: work + "/CLAUDE.md")
            try Data(repeating: 0x61, count: 100_000).write(to: URL(filePath: work + "/CLAUDE.md"))
            let text = try #require(RepositoryInstructions(workspace: work).text)
            #expect(text.utf8.count < RepositoryInstructions.limit + 200 && text.contains("[cut;"))
        }
    }

    @Test func theOfficialProgramIsTakenWhereItIs() async throws {
        try await withTemporaryDirectory(prefix: "p") { directory in
            let files = FileManager.default
            for name in ["claude", "claude-agent-acp"] {
                _ = files.createFile(
                    atPath: directory.path + "/" + name, contents: Data(), attributes: [.posixPermissions: 0o755])
            }
            let catalog = AgentCatalog()
            let found = try catalog.resolve("claude-code", path: directory.path, directory: "/")
            #expect(found.executable.hasSuffix("/claude") && found.native == .claudeCode)
            try files.removeItem(atPath: directory.path + "/claude")
            let other = try catalog.resolve("claude-code", path: directory.path, directory: "/")
            #expect(other.executable.hasSuffix("/claude-agent-acp") && other.native == nil)
        }
    }
}
