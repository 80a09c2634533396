import Foundation
import ScriptedModel

/// The official programs that the runner drives: how each is started alone, and scripts that write as it does.
enum DrivenProgram: String, CaseIterable {
    case claude, codex

    var name: String { self == .claude ? "Claude Code" : "Codex" }

    /// Where it was fetched to; nil where it was not.
    var path: String? {
        let agents = ProcessInfo.processInfo.environment["ANYCODE_TEST_AGENTS"] ?? ".build/agents"
        let place = agents + (self == .claude ? "/claude" : "/codex/bin/codex")
        let path = URL(fileURLWithPath: place).standardizedFileURL.path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// What leads it to the model.
    func environment(_ model: ScriptedModel) -> [String: String] {
        switch self {
        case .claude:
            [
                "ANTHROPIC_BASE_URL": model.anthropicBaseURL, "ANTHROPIC_API_KEY": "sk-bench",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
            ]
        case .codex:
            ["OPENAI_BASE_URL": model.openAIBaseURL, "OPENAI_API_KEY": "sk-bench", "OPENAI_MODEL": "mock-model"]
        }
    }

    // MARK: Speakers

    /// `speaker` says its deltas as ACP.
    static func makeSpeaker(in folder: String) throws {
        try write("speaker", in: folder) { number in
            #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"word\#(number) "},"messageId":"m"}}}"#
        } talk: { deltas in
            """
            read -r line
            echo '{"jsonrpc":"2.0","id":"1","result":{"protocolVersion":1,"agentCapabilities":{}}}'
            read -r line
            echo '{"jsonrpc":"2.0","id":"2","result":{"sessionId":"s"}}'
            read -r line
            cat '\(deltas)'
            echo '{"jsonrpc":"2.0","id":"3","result":{"stopReason":"end_turn"}}'
            read -r line
            """
        }
    }

    /// A script of the program's name says the same in the program's own words.
    func makeSpeaker(in folder: String) throws {
        switch self {
        case .claude:
            try Self.write("claude", in: folder) { number in
                #"{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word\#(number) "}},"session_id":"s","parent_tool_use_id":null}"#
            } talk: { deltas in
                """
                read -r line
                echo '{"type":"control_response","response":{"subtype":"success","request_id":"anycode-1","response":{"claude_code_version":"2.1.330"}}}'
                read -r line
                cat '\(deltas)'
                echo '{"type":"result","subtype":"success","stop_reason":"end_turn"}'
                read -r line
                """
            }
        case .codex:
            try Self.write("codex", in: folder) { number in
                #"{"method":"item/agentMessage/delta","params":{"threadId":"t","turnId":"u","itemId":"i","delta":"word\#(number) "},"emittedAtMs":1795421218494}"#
            } talk: { deltas in
                """
                read -r line
                echo '{"id":1,"result":{"userAgent":"anycode/0.163.0 (Debian)"}}'
                read -r line
                read -r line
                echo '{"id":2,"result":{"data":[]}}'
                read -r line
                echo '{"id":3,"result":{"thread":{"id":"t"},"model":"m"}}'
                read -r line
                echo '{"id":4,"result":{"turn":{"id":"u"}}}'
                echo '{"method":"turn/started","params":{"threadId":"t","turn":{"id":"u"}}}'
                cat '\(deltas)'
                echo '{"method":"turn/completed","params":{"threadId":"t","turn":{"id":"u","status":"completed"}}}'
                read -r line
                """
            }
        }
    }

    private static func write(
        _ name: String, in folder: String, delta: (Int) -> String, talk: (_ deltas: String) -> String
    ) throws {
        let deltas = "\(folder)/\(name).txt"
        try (1...AgentBench.deltas).map(delta).joined(separator: "\n").appending("\n")
            .write(toFile: deltas, atomically: true, encoding: .utf8)
        _ = FileManager.default.createFile(
            atPath: "\(folder)/\(name)", contents: Data("#!/bin/sh\n\(talk(deltas))\n".utf8),
            attributes: [.posixPermissions: 0o755])
    }

    // MARK: Alone

    /// Milliseconds from the program's start to its first streamed text, driven by the fewest messages that lead there.
    func firstTextAlone(_ path: String, _ model: ScriptedModel, home: String) throws -> Double {
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments(model)
        process.environment = environment(model).merging(
            ["HOME": home, "PATH": "/usr/bin:/bin", "CODEX_HOME": home, "RUST_LOG": "off"]
        ) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: home)
        (process.standardInput, process.standardOutput) = (input, output)
        process.standardError = FileHandle.nullDevice
        let start = ContinuousClock.now
        try process.run()
        defer {
            // Asked to end, Codex waits for its turn first, whose model this thread keeps from speaking.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        var text = Data()
        var lastLine = ""
        for step in steps(home) {
            var found = Self.line(with: step.until, in: text)
            input.fileHandleForWriting.write(Data((step.says(lastLine) + "\n").utf8))
            while found == nil {
                let more = output.fileHandleForReading.availableData
                guard !more.isEmpty else { throw BenchFailure("\(name) ended without a word") }
                text += more
                found = Self.line(with: step.until, in: text)
            }
            lastLine = found ?? ""
        }
        return (ContinuousClock.now - start) / .milliseconds(1)
    }

    private func arguments(_ model: ScriptedModel) -> [String] {
        switch self {
        case .claude:
            [
                "-p", "--output-format", "stream-json", "--input-format", "stream-json", "--verbose",
                "--include-partial-messages", "--permission-prompt-tool", "stdio", "--setting-sources", "user",
                "--strict-mcp-config",
            ]
        case .codex:
            [
                "app-server", "-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false",
                "-c", "features.shell_snapshot=false", "-c", #"model="mock-model""#, "-c", #"model_provider="bench""#,
                "-c",
                #"model_providers.bench={name="bench",base_url="\#(model.openAIBaseURL)",env_key="OPENAI_API_KEY",wire_api="responses",supports_websockets=false}"#,
            ]
        }
    }

    /// The first whole line that contains these words.
    private static func line(with words: String, in text: Data) -> String? {
        guard let place = text.range(of: Data(words.utf8)), let end = text[place.upperBound...].firstIndex(of: 0x0A)
        else { return nil }
        let start = text[..<place.lowerBound].lastIndex(of: 0x0A).map { $0 + 1 } ?? text.startIndex
        return String(decoding: text[start..<end], as: UTF8.self)
    }

    /// What is said to it, which may need its last answer, and what its answer contains.
    private func steps(_ home: String) -> [(says: (String) -> String, until: String)] {
        switch self {
        case .claude:
            return [({ _ in #"{"type":"user","message":{"role":"user","content":"hello"}}"# }, "text_delta")]
        case .codex:
            let info = #"{"name":"bench","title":"Bench","version":"1"}"#
            let initialize =
                #"{"id":1,"method":"initialize","params":{"clientInfo":\#(info),"capabilities":{"experimentalApi":true}}}"#
            let start = #"{"cwd":"\#(home)","approvalPolicy":"untrusted","sandbox":"danger-full-access"}"#
            return [
                ({ _ in initialize }, #""id":1,"#),
                (
                    { _ in #"{"method":"initialized"}"# + "\n" + #"{"id":2,"method":"thread/start","params":\#(start)}"#
                    },
                    #""id":2,"#
                ),
                (
                    { answer in
                        let object = try? JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
                        let result = object?["result"] as? [String: Any]
                        let thread = (result?["thread"] as? [String: Any])?["id"] as? String
                        let input = #"[{"type":"text","text":"hello"}]"#
                        return
                            #"{"id":3,"method":"turn/start","params":{"threadId":"\#(thread ?? "")","#
                            + #""input":\#(input)}}"#
                    }, "item/agentMessage/delta"
                ),
            ]
        }
    }
}
