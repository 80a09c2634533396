import AnycodeCore
import Foundation
import GRDBSQLite

/// A value on its way into a statement.
enum SQLValue {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    static func integer(_ value: Int) -> Self { .integer(Int64(value)) }
    static func integer(_ value: Int64?) -> Self { value.map { .integer($0) } ?? .null }
    static func text(_ value: String?) -> Self { value.map { .text($0) } ?? .null }
    static func blob(_ value: [UInt8]?) -> Self { value.map { .blob($0) } ?? .null }
    static func flag(_ value: Bool) -> Self { .integer(value ? Int64(1) : 0) }
    static func id<Tag>(_ value: Identifier<Tag>) -> Self { .text(value.rawValue) }
    static func id<Tag>(_ value: Identifier<Tag>?) -> Self { .text(value?.rawValue) }
    static func date(_ value: Date) -> Self { .real(value.timeIntervalSinceReferenceDate) }
    static func date(_ value: Date?) -> Self { value.map { date($0) } ?? .null }

    /// - Parameter index: 1-based.
    func bind(to statement: OpaquePointer, at index: CInt) -> CInt {
        // SQLite's SQLITE_TRANSIENT: it copies the bytes before the call returns.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch self {
        case .null:
            return sqlite3_bind_null(statement, index)
        case .integer(let value):
            return sqlite3_bind_int64(statement, index, value)
        case .real(let value):
            return sqlite3_bind_double(statement, index, value)
        case .text(var value):
            return value.withUTF8 { bytes in
                // Without a base address SQLite would bind NULL.
                guard let base = bytes.baseAddress else { return sqlite3_bind_text(statement, index, "", 0, copied) }
                return base.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text(statement, index, $0, CInt(clamping: bytes.count), copied)
                }
            }
        case .blob(let value):
            return value.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress, !bytes.isEmpty else {
                    return sqlite3_bind_zeroblob(statement, index, 0)
                }
                return sqlite3_bind_blob(statement, index, base, CInt(clamping: bytes.count), copied)
            }
        }
    }
}
