import Foundation
import Synchronization
import TestJSON

/// What one prompt leads to, on a thread of its own.
///
/// Words of the prompt: WRITE asks permission for a command and runs it, ASK asks two questions, CHILD has a sub-agent that
/// asks permission, CUT breaks the event stream in the middle of a text, LOST says something while nobody listens, BADMODEL
/// fails before it begins, APIERROR fails in the middle, LOGIN lacks credentials, SLOW speaks until it is stopped, DIE ends
/// the server, PLAN writes a plan; anything else gets a short answer that tells the number of the prompt.
struct FakeOpencodeTurn {
    let server: FakeOpencode
    let session: String
    let body: JSON

    private var prompt: String {
        (body["parts"]?.array ?? []).compactMap { $0["text"]?.string }.joined(separator: "\n")
    }

    func run() {
        let user = addUser()
        guard !prompt.contains("BADMODEL") else {
            return fail("UnknownError", "Model not found: nowhere/none")
        }
        server.change(session) { $0.isAborted = false }
        server.setStatus(session, "busy")
        let message = FakeMessage(server: server, session: session, parent: user)
        message.begin()
        act(message)
    }

    private func act(_ message: FakeMessage) {
        if prompt.contains("WRITE") { return write(message) }
        if prompt.contains("ASK") { return ask(message) }
        if prompt.contains("CHILD") { return child(message) }
        if prompt.contains("CUT") { return cut(message) }
        if prompt.contains("APIERROR") {
            message.say("I begin.")
            return end(
                message,
                error: [
                    "name": "APIError",
                    "data": ["message": "Overloaded", "statusCode": 529, "isRetryable": true],
                ])
        }
        if prompt.contains("LOGIN") {
            return end(
                message,
                error: ["name": "ProviderAuthError", "data": ["providerID": "fake", "message": "API key is missing"]])
        }
        if prompt.contains("SLOW") { return slow(message) }
        if prompt.contains("DIE") {
            message.say("I am about to end")
            server.waitUntilRead(session)
            FileHandle.standardError.write(Data("fake: out of luck\n".utf8))
            exit(3)
        }
        if prompt.contains("PLAN") {
            let todos: JSON = [["content": "Look", "status": "completed", "priority": "high", "id": "1"]]
            server.publish("todo.updated", ["sessionID": .string(session), "todos": todos], in: session)
        }
        let count = server.world.copy.sessions[session]?.messages.filter { $0["info"]?["role"]?.string == "user" }.count
        message.think("Let me see.")
        message.say("This is prompt \(count ?? 0)", " of this session.")
        end(message)
    }

    private func addUser() -> String {
        let id = body["messageID"]?.string ?? server.id("msg")
        let info: JSON = [
            "id": .string(id), "sessionID": .string(session), "role": "user", "time": ["created": 1], "agent": "build",
            "model": ["providerID": "fake", "modelID": "fake-1"],
        ]
        let part: JSON = [
            "id": .string(server.id("prt")), "sessionID": .string(session), "messageID": .string(id), "type": "text",
            "text": .string(prompt),
        ]
        server.change(session) { $0.messages.append(["info": info, "parts": [part]]) }
        server.publish("message.updated", ["sessionID": .string(session), "info": info], in: session)
        server.publish(
            "message.part.updated", ["sessionID": .string(session), "part": part, "time": 1], in: session)
        return id
    }

    private func fail(_ name: String, _ words: String) {
        let error: JSON = ["name": .string(name), "data": ["message": .string(words)]]
        server.publish("session.error", ["sessionID": .string(session), "error": error], in: session)
    }

    private func end(_ message: FakeMessage, error: JSON? = nil) {
        message.finish(error: error)
        if let error {
            server.publish("session.error", ["sessionID": .string(session), "error": error], in: session)
        }
        server.setStatus(session, "idle")
    }

    // MARK: Scenes

    private func write(_ message: FakeMessage) {
        message.say("I will create hello.txt now.")
        let command = "echo hello from the server > hello.txt"
        let call = message.callTool("bash", input: ["command": .string(command), "description": "Creates a file"])
        let answer = askPermission(in: session, message: message.id, call: call, command)
        guard answer["reply"]?.string != "reject" else {
            message.endTool(call, error: "The user rejected permission to use this specific tool call.")
            if let words = answer["message"]?.string { message.say("I was told: \(words)") }
            return end(message)
        }
        let directory = server.world.copy.sessions[session]?.directory ?? "/"
        try? Data("hello from the server\n".utf8).write(to: URL(fileURLWithPath: directory + "/hello.txt"))
        message.endTool(call, output: "")
        message.say("Done: hello.txt was created.")
        end(message)
    }

    private func askPermission(in session: String, message: String, call: String, _ command: String) -> JSON {
        let (id, pending) = (server.id("per"), Pending())
        let shown: JSON = [
            "id": .string(id), "sessionID": .string(session), "permission": "bash", "patterns": [.string(command)],
            "always": ["echo *"], "metadata": [:],
            "tool": ["messageID": .string(message), "callID": .string(call)],
        ]
        server.world.withLock { $0.permissions[id] = (shown, pending) }
        server.publish("permission.asked", shown, in: session)
        return pending.wait()
    }

    private func ask(_ message: FakeMessage) {
        let (id, pending) = (server.id("que"), Pending())
        let shown: JSON = [
            "id": .string(id), "sessionID": .string(session),
            "questions": [
                [
                    "question": "Which database?", "header": "Database",
                    "options": [
                        ["label": "Postgres", "description": "The big one"],
                        ["label": "SQLite", "description": "The small one"],
                    ],
                ],
                [
                    "question": "Which days?", "header": "Days", "multiple": true, "custom": false,
                    "options": [
                        ["label": "Monday", "description": ""], ["label": "Tuesday", "description": ""],
                        ["label": "Friday", "description": ""],
                    ],
                ],
            ],
        ]
        server.world.withLock { $0.questions[id] = (shown, pending) }
        server.publish("question.asked", shown, in: session)
        let answer = pending.wait()
        message.say("You chose: \(answer.text)")
        end(message)
    }

    private func child(_ message: FakeMessage) {
        let call = message.callTool("task", input: ["description": "Count the files", "prompt": "count"])
        let directory = server.world.copy.sessions[session]?.directory ?? "/"
        let child = server.makeSession(directory, parent: session)
        let inner = FakeMessage(server: server, session: child.id, parent: "msg_0")
        inner.begin()
        inner.say("These are the sub-agent's own words.")
        let command = "ls | wc -l"
        let tool = inner.callTool("bash", input: ["command": .string(command), "description": ""])
        let answer = askPermission(in: child.id, message: inner.id, call: tool, command)
        inner.endTool(tool, output: "3")
        inner.finish(error: nil)
        message.endTool(call, output: "3 files")
        message.say("The sub-agent was told: \(answer["reply"]?.string ?? "nothing").")
        end(message)
    }

    private func cut(_ message: FakeMessage) {
        let part = message.beginText()
        message.append("One, ", to: part)
        message.append("two, ", to: part)
        server.cut(session)
        message.append("three, ", to: part)
        if !prompt.contains("LOST") { server.waitForReader(session) }
        message.append("four.", to: part)
        message.endText(part)
        message.say("That was all.")
        end(message)
        if prompt.contains("LOST") { server.waitForReader(session) }
    }

    private func slow(_ message: FakeMessage) {
        let part = message.beginText()
        for number in 1...1000 {
            message.append("\(number) ", to: part)
            Thread.sleep(forTimeInterval: 0.02)
            if server.world.copy.sessions[session]?.isAborted == true { break }
        }
        message.endText(part)
        end(message, error: ["name": "MessageAbortedError", "data": ["message": "The operation was aborted."]])
    }
}
