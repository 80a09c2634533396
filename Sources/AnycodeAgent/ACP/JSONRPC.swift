import AnycodeCore
import AnycodeJSON

/// JSON-RPC 2.0 messages, as far as both directions need them.
enum JSONRPC {
    static func request(_ id: RequestID, _ method: String, _ params: JSON) -> JSON {
        ["jsonrpc": "2.0", "id": JSON(id), "method": .string(method), "params": params]
    }

    static func notification(_ method: String, _ params: JSON) -> JSON {
        ["jsonrpc": "2.0", "method": .string(method), "params": params]
    }

    static func result(_ id: RequestID, _ result: JSON) -> JSON {
        ["jsonrpc": "2.0", "id": JSON(id), "result": result]
    }

    static func error(_ id: RequestID, code: Int64, _ message: String) -> JSON {
        ["jsonrpc": "2.0", "id": JSON(id), "error": ["code": .integer(code), "message": .string(message)]]
    }
}

extension JSON {
    init(_ id: RequestID) {
        switch id {
        case .number(let number): self = .integer(number)
        case .string(let text): self = .string(text)
        }
    }
}

extension RequestID {
    /// `nil` for what cannot be a request's id.
    init?(_ json: JSON?) {
        switch json {
        case .integer(let number): self = .number(number)
        case .string(let text): self = .string(text)
        default: return nil
        }
    }
}
