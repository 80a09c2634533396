import AnycodeJSON

@testable import AnycodeRunner

extension FuzzTarget {
    /// JSON-RPC on an agent's standard output: lines do not depend on how the bytes are cut, and a message is one line
    /// that keeps its kind under another id.
    static let jsonRPC = FuzzTarget(name: "json-rpc") { bytes throws(FuzzFailure) in
        let lines = lines([bytes])
        try require(lines == Self.lines(pieces(of: bytes)), "the lines depend on the cut")
        for case .line(let line) in lines {
            guard let message = Message(line) else { continue }
            try require(!message.bytes.contains(0x0A), "a message of two lines")
            try require(Message(message.bytes) == message, "another message when it is read again")
            let id = MessageID(json: "\"other\"")
            switch (message.kind, message.replacingID(with: id)?.kind) {
            case (.notification, _): break
            case (.request(_, let method), .request(let new, let same)?):
                try require(new == id && same == method, "another request under another id")
            case (.response, .response(let new)?): try require(new == id, "another id than given")
            case (_, let new): throw FuzzFailure(description: "under another id it is \(String(describing: new))")
            }
        }
    }

    private static func lines(_ pieces: [[UInt8]]) -> [LineSplitter.Line] {
        var splitter = LineSplitter(limit: 256)
        var lines: [LineSplitter.Line] = []
        for piece in pieces {
            piece.withUnsafeBytes { splitter.append($0) { if case .line = $0 { lines.append($0) } } }
        }
        splitter.finish { lines.append($0) }
        return lines
    }

    /// What Claude Code may write, in a session that a client has opened and prompted.
    static let claudeCode = FuzzTarget(name: "claude-code") { bytes throws(FuzzFailure) in
        var translation = ClaudeCodeTranslation(directory: "/workspace", mayBypass: false)
        _ = translation.fromClient(Self.initialize)
        _ = translation.fromClient(Self.newSession)
        _ = translation.started(session: "s", instructions: nil)
        var number = 0
        for line in bytes.split(separator: 0x0A) {
            guard let message = try? JSON(parsing: Array(line)) else { continue }
            for output in translation.fromProgram(message) {
                guard case .client(let said) = output else { continue }
                try require(said["jsonrpc"] == "2.0", "no JSON-RPC: \(said)")
            }
            number += 1
            if number == 1 { _ = translation.fromClient(Self.prompt("s")) }
        }
    }

    /// What Codex's app-server may write, likewise.
    static let codex = FuzzTarget(name: "codex") { bytes throws(FuzzFailure) in
        var translation = CodexTranslation(directory: "/workspace")
        _ = translation.fromClient(Self.initialize)
        _ = translation.fromClient(Self.newSession)
        for line in bytes.split(separator: 0x0A) {
            guard let message = try? JSON(parsing: Array(line)) else { continue }
            let wasOpen = translation.thread != nil
            for output in translation.fromProgram(message) {
                guard case .client(let said) = output else { continue }
                try require(said["jsonrpc"] == "2.0", "no JSON-RPC: \(said)")
            }
            if !wasOpen, let thread = translation.thread { _ = translation.fromClient(Self.prompt(thread)) }
        }
    }

    private static let initialize: JSON = [
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": ["protocolVersion": 1, "clientCapabilities": ["elicitation": ["form": [:]]]],
    ]
    private static let newSession: JSON = [
        "jsonrpc": "2.0", "id": 2, "method": "session/new", "params": ["cwd": "/workspace", "mcpServers": []],
    ]

    private static func prompt(_ session: String) -> JSON {
        [
            "jsonrpc": "2.0", "id": 3, "method": "session/prompt",
            "params": ["sessionId": .string(session), "prompt": [["type": "text", "text": "work"]]],
        ]
    }
}
