import Foundation
import Synchronization
import TestJSON

/// The ACP agent inside of the fake sandbox-agent.
///
/// Words of the prompt: WRITE asks permission, GAP loses messages, LATE lets the POST time out before it answers on the
/// stream, CUT breaks the stream, EXIT ends the agent, RESTART replaces its process, SLOW speaks until it is stopped.
struct FakeACPAgent {
    let server: FakeSandboxAgent
    let id: String

    func cancel() {
        server.instances.withLock { $0[id]?.isCancelled = true }
    }

    func answer(_ message: JSON) -> FakeAnswer {
        let request = message["id"] ?? .null
        switch message["method"]?.string {
        case "initialize":
            return reply(
                request, ["protocolVersion": 1, "agentCapabilities": ["loadSession": true], "authMethods": []])
        case "session/new":
            let params = Set((message["params"]?.object ?? [:]).keys)
            guard params.isSuperset(of: ["cwd", "mcpServers"]) else {
                return error(request, -32602, "cwd and mcpServers are required")
            }
            return reply(request, ["sessionId": "fake-session"])
        case "session/load": return reply(request, [:])
        case "session/prompt": return prompt(request, message["params"] ?? .null)
        default: return error(request, -32601, "Method not found")
        }
    }

    private func reply(_ request: JSON, _ result: JSON) -> FakeAnswer {
        let answer: JSON = ["jsonrpc": "2.0", "id": request, "result": result]
        server.emit(id, answer)
        return .ok(answer)
    }

    private func error(_ request: JSON, _ code: Int, _ words: String) -> FakeAnswer {
        let answer: JSON = [
            "jsonrpc": "2.0", "id": request, "error": ["code": .integer(code), "message": .string(words)],
        ]
        server.emit(id, answer)
        return .ok(answer)
    }

    private func say(_ text: String, isLost: Bool = false) {
        update(
            ["sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": .string(text)]],
            isLost: isLost)
    }

    private func update(_ update: JSON, isLost: Bool = false) {
        server.emit(
            id,
            [
                "jsonrpc": "2.0", "method": "session/update",
                "params": ["sessionId": "fake-session", "update": update],
            ], isLost: isLost)
    }

    private func prompt(_ request: JSON, _ params: JSON) -> FakeAnswer {
        let text = (params["prompt"]?.array ?? []).compactMap { $0["text"]?.string }.joined()
        let count = server.instances.withLock { instances in
            instances[id]?.prompts += 1
            instances[id]?.isCancelled = false
            return instances[id]?.prompts ?? 0
        }
        let end: JSON = ["stopReason": "end_turn"]
        if text.contains("WRITE") { return write(request) }
        if text.contains("GAP") {
            say("Before. ")
            for word in ["lost ", "lost too ", "also lost "] { say(word, isLost: true) }
            say("After.")
            return reply(request, end)
        }
        if text.contains("LATE") {
            let thread = Thread {
                Thread.sleep(forTimeInterval: 0.3)
                say("It took a while.")
                _ = reply(request, end)
            }
            thread.start()
            return .problem(504, "timeout", "timeout waiting for response")
        }
        if text.contains("CUT") {
            say("One, ")
            server.cut(id)
            say("two, ")
            say("three.")
            return reply(request, end)
        }
        if text.contains("EXIT") {
            say("I am about to end.")
            server.emit(
                id,
                [
                    "jsonrpc": "2.0", "method": "_adapter/agent_exited",
                    "params": ["success": false, "code": 7],
                ])
            // Whoever waits for an answer is told nothing.
            Thread.sleep(forTimeInterval: 2)
            return .problem(504, "timeout", "timeout waiting for response")
        }
        if text.contains("RESTART") {
            say("I am about to be replaced.")
            server.recreate(id)
            say("Somebody else speaks.")
            Thread.sleep(forTimeInterval: 2)
            return .problem(504, "timeout", "timeout waiting for response")
        }
        if text.contains("SLOW") {
            for number in 1...1000 where server.instances.copy[id]?.isCancelled == false {
                say("\(number) ")
                Thread.sleep(forTimeInterval: 0.02)
            }
            return reply(request, ["stopReason": "cancelled"])
        }
        say("This is prompt \(count) ")
        say("of this session.")
        return reply(request, end)
    }

    private func write(_ request: JSON) -> FakeAnswer {
        say("I will create hello.txt now.")
        update([
            "sessionUpdate": "tool_call", "toolCallId": "c1", "title": "echo hello > hello.txt", "kind": "execute",
            "status": "pending",
        ])
        let pending = Pending()
        server.instances.withLock { $0[id]?.asked["1"] = pending }
        server.emit(
            id,
            [
                "jsonrpc": "2.0", "id": 1, "method": "session/request_permission",
                "params": [
                    "sessionId": "fake-session",
                    "toolCall": ["toolCallId": "c1", "title": "echo hello > hello.txt", "kind": "execute"],
                    "options": [
                        ["optionId": "yes", "name": "Allow", "kind": "allow_once"],
                        ["optionId": "no", "name": "Deny", "kind": "reject_once"],
                    ],
                ],
            ])
        let answer = pending.wait()
        let isAllowed = answer["outcome"]?["optionId"]?.string == "yes"
        update([
            "sessionUpdate": "tool_call_update", "toolCallId": "c1", "status": isAllowed ? "completed" : "failed",
        ])
        say("You chose \(answer["outcome"]?["optionId"]?.string ?? "nothing").")
        return reply(request, ["stopReason": "end_turn"])
    }
}
