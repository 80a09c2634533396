import Foundation
import TestJSON

/// acpx 0.3 as a command line: raw ACP traffic on standard output, named sessions in the home, exit codes.
///
/// Words of the prompt: WRITE needs permission, FAIL and LOST end with errors, TIMEOUT gives up, QUESTION cannot be asked,
/// GARBAGE prints what is no JSON, SLOW works until it is interrupted; anything else tells the number of the prompt.
package enum FakeAcpx {
    private struct Usage: Error {}

    private struct Line {
        var options: [String: String] = [:]
        var rest: [String] = []

        init(_ arguments: [String]) throws {
            var words = arguments[...]
            while let word = words.first, word.hasPrefix("--") {
                words.removeFirst()
                switch word {
                case "--json-strict", "--approve-all", "--approve-reads", "--deny-all", "--version":
                    options[word] = ""
                case "--cwd", "--format", "--ttl", "--timeout":
                    guard let value = words.popFirst() else { throw Usage() }
                    options[word] = value
                default: throw Usage()
                }
            }
            rest = Array(words)
            let policies = ["--approve-all", "--approve-reads", "--deny-all"].filter { options[$0] != nil }
            if policies.count > 1 { throw Usage() }
            if options["--json-strict"] != nil, options["--format"] != "json" { throw Usage() }
        }
    }

    nonisolated(unsafe) private static var isInterrupted: sig_atomic_t = 0

    package static func run(_ arguments: [String]) -> Never {
        signal(SIGINT) { _ in FakeAcpx.isInterrupted = 1 }
        guard let line = try? Line(arguments) else { fail(2, "USAGE", -32602, "unknown option") }
        if line.options["--version"] != nil {
            print(ProcessInfo.processInfo.environment["FAKE_ACPX_VERSION"] ?? "0.3.1")
            exit(0)
        }
        let words = line.rest
        guard words.count >= 3, ["claude", "codex", "opencode", "gemini"].contains(words[0]) else {
            fail(2, "USAGE", -32602, "which agent?")
        }
        if words[1...] == ["sessions", "ensure", "--name", words.last ?? ""] { ensure(words[words.count - 1]) }
        guard words[1] == "-s", words.count == 5, words[3...] == ["--file", "-"] else {
            fail(2, "USAGE", -32602, "which command?")
        }
        prompt(words[2], line)
    }

    private static func place(_ session: String) -> String {
        let home = ProcessInfo.processInfo.environment["HOME"] ?? "/tmp"
        let folder = home + "/.acpx/sessions"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return "\(folder)/\(session).json"
    }

    private static func ensure(_ session: String) -> Never {
        if !FileManager.default.fileExists(atPath: place(session)) {
            try? Data("0".utf8).write(to: URL(fileURLWithPath: place(session)))
        }
        put(["action": "session_ensured", "created": true, "acpxRecordId": .string(session)])
        exit(0)
    }

    private static func put(_ line: JSON) {
        FileHandle.standardOutput.write(Data((line.text + "\n").utf8))
    }

    private static func fail(_ code: Int32, _ name: String, _ number: Int, _ words: String) -> Never {
        put([
            "jsonrpc": "2.0", "id": .null,
            "error": [
                "code": .integer(number), "message": .string(words), "data": ["acpxCode": .string(name)],
            ],
        ])
        exit(code)
    }

    private static func say(_ text: String) {
        update(["sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": .string(text)]])
    }

    private static func update(_ update: JSON) {
        put(["jsonrpc": "2.0", "method": "session/update", "params": ["sessionId": "019c", "update": update]])
    }

    private static func prompt(_ session: String, _ line: Line) -> Never {
        let text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
        guard let known = try? String(contentsOfFile: place(session), encoding: .utf8), let count = Int(known) else {
            fail(4, "NO_SESSION", -32002, "No acpx session found")
        }
        try? String(count + 1).write(toFile: place(session), atomically: true, encoding: .utf8)
        // A saved session is loaded, and its history told again.
        if count > 0 {
            put(["jsonrpc": "2.0", "id": "l", "method": "session/load", "params": ["sessionId": "019c"]])
            say("OLD WORDS")
            put(["jsonrpc": "2.0", "id": "l", "result": [:]])
        }
        put([
            "jsonrpc": "2.0", "id": "req-1", "method": "session/prompt",
            "params": ["sessionId": "019c", "prompt": [["type": "text", "text": .string(text)]]],
        ])
        act(text, count: count, line)
        put(["jsonrpc": "2.0", "id": "req-1", "result": ["stopReason": "end_turn"]])
        exit(0)
    }

    private static func act(_ text: String, count: Int, _ line: Line) {
        if text.contains("WRITE") { return write(line) }
        if text.contains("FAIL") { fail(1, "RUNTIME", -32603, "the adapter fell over") }
        if text.contains("LOST") { fail(4, "NO_SESSION", -32002, "No acpx session found") }
        if text.contains("TIMEOUT") { fail(3, "TIMEOUT", -32070, "Timed out after 5 s") }
        if text.contains("QUESTION") { fail(5, "PERMISSION_PROMPT_UNAVAILABLE", -32072, "cannot prompt") }
        if text.contains("GARBAGE") {
            let lines = "warning: something\n{\"type\":\"text\",\"content\":\"an older release\"}\n"
            FileHandle.standardOutput.write(Data(lines.utf8))
        }
        if text.contains("SLOW") {
            for number in 1...1000 where isInterrupted == 0 {
                say("\(number) ")
                usleep(20_000)
            }
            put(["jsonrpc": "2.0", "id": "req-1", "result": ["stopReason": "cancelled"]])
            exit(130)
        }
        say("This is prompt \(count + 1) ")
        say("of this session.")
    }

    private static func write(_ line: Line) {
        say("I will create hello.txt now.")
        update([
            "sessionUpdate": "tool_call", "toolCallId": "c1", "title": "echo hello > hello.txt", "kind": "execute",
            "status": "pending",
        ])
        put([
            "jsonrpc": "2.0", "id": 7, "method": "session/request_permission",
            "params": [
                "sessionId": "019c", "toolCall": ["toolCallId": "c1", "title": "echo hello > hello.txt"],
                "options": [
                    ["optionId": "yes", "name": "Allow", "kind": "allow_once"],
                    ["optionId": "no", "name": "Deny", "kind": "reject_once"],
                ],
            ],
        ])
        let isAllowed = line.options["--approve-all"] != nil
        let choice: JSON = ["outcome": "selected", "optionId": isAllowed ? "yes" : "no"]
        put(["jsonrpc": "2.0", "id": 7, "result": ["outcome": choice]])
        guard isAllowed else { fail(5, "PERMISSION_DENIED", -32071, "Permission denied") }
        let path = (line.options["--cwd"] ?? ".") + "/hello.txt"
        try? Data("hello from acpx\n".utf8).write(to: URL(fileURLWithPath: path))
        update(["sessionUpdate": "tool_call_update", "toolCallId": "c1", "status": "completed"])
        say("Done: hello.txt was created.")
    }
}
