/// The messages that the runner itself puts into the stream.
enum Notices {
    /// JSON-RPC error for a request whose agent ended before it answered (-32000 means "authenticate" in ACP).
    static let agentExitedCode = -32050

    static func agentExited(_ exit: ProcessExit, message: String) -> [UInt8] {
        let code = exit.code.map(String.init) ?? "null"
        let signal = exit.signal.map(String.init) ?? "null"
        return Array(
            """
            {"jsonrpc":"2.0","method":"_adapter/agent_exited","params":{"success":\(exit.success),"code":\(code),\
            "signal":\(signal),"message":\(jsonString(message))}}
            """.utf8)
    }

    static func invalidOutput(_ line: some Collection<UInt8>) -> [UInt8] {
        let shown = String(decoding: line.prefix(4096), as: UTF8.self)
        return Array(
            #"{"jsonrpc":"2.0","method":"_adapter/invalid_stdout","params":{"line":\#(jsonString(shown))}}"#.utf8)
    }

    static func unanswered(_ id: MessageID, message: String) -> [UInt8] {
        Array(
            """
            {"jsonrpc":"2.0","id":\(id.json),"error":{"code":\(agentExitedCode),"message":\(jsonString(message)),\
            "data":{"reason":"agent_exited"}}}
            """.utf8)
    }
}

/// The text as a JSON string, quotes included.
func jsonString(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case "\u{0}"..<"\u{20}", "\u{7F}", "\u{2028}", "\u{2029}":
            let hex = String(scalar.value, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
