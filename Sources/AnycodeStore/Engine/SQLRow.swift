import AnycodeCore
import Foundation
import GRDBSQLite

/// The row a running statement stands on. Columns count from 0.
struct SQLRow {
    let statement: OpaquePointer

    func isNull(_ column: CInt) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(statement, column) }
    func optionalInteger(_ column: CInt) -> Int64? { isNull(column) ? nil : integer(column) }
    func count(_ column: CInt) -> Int { Int(integer(column)) }
    func flag(_ column: CInt) -> Bool { integer(column) != 0 }

    func text(_ column: CInt) -> String {
        guard let start = sqlite3_column_text(statement, column) else { return "" }
        let length = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
    }

    func optionalText(_ column: CInt) -> String? { isNull(column) ? nil : text(column) }

    func blob(_ column: CInt) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }

    func optionalBlob(_ column: CInt) -> [UInt8]? { isNull(column) ? nil : blob(column) }

    func date(_ column: CInt) -> Date { Date(timeIntervalSinceReferenceDate: sqlite3_column_double(statement, column)) }
    func optionalDate(_ column: CInt) -> Date? { isNull(column) ? nil : date(column) }

    func id<Tag>(_ column: CInt) -> Identifier<Tag> { Identifier(text(column)) }
    func optionalID<Tag>(_ column: CInt) -> Identifier<Tag>? { optionalText(column).map { Identifier($0) } }

    /// Three columns in a row: platform, chat, thread.
    func conversation(_ column: CInt) -> Conversation {
        Conversation(chat: chat(column), thread: optionalText(column + 2))
    }

    /// Two columns in a row: platform, chat.
    func chat(_ column: CInt) -> ChatID { ChatID(platform: id(column), value: text(column + 1)) }
}
