import Foundation

/// Reads what the runtime keeps in rows as JSON.
enum StoredValue {
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
