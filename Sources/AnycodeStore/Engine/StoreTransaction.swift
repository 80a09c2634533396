import GRDB
import GRDBSQLite

/// The store's operations, inside one transaction; valid only while the closure that received it runs.
package struct StoreTransaction {
    let database: Database
    let keys: SessionKeys

    /// Runs one statement that returns no rows.
    ///
    /// Binds and steps through SQLite's own interface: GRDB's costs several microseconds a statement, which is the
    /// whole budget of a streamed delta.
    /// - Returns: how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: SQLValue...) throws(StoreError) -> Int {
        let statement = try prepare(sql, values)
        defer { finish(statement) }
        let code = sqlite3_step(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw failure(code) }
        return Int(sqlite3_changes(sqlite3_db_handle(statement)))
    }

    /// Runs a query and decodes all of its rows.
    func rows<T>(_ sql: String, _ values: SQLValue..., decode: (SQLRow) throws(StoreError) -> T) throws(StoreError)
        -> [T]
    {
        let statement = try prepare(sql, values)
        defer { finish(statement) }
        var result: [T] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: result.append(try decode(SQLRow(statement: statement)))
            case SQLITE_DONE: return result
            case let code: throw failure(code)
            }
        }
    }

    /// Runs a query and decodes its first row.
    func row<T>(_ sql: String, _ values: SQLValue..., decode: (SQLRow) throws(StoreError) -> T) throws(StoreError)
        -> T?
    {
        let statement = try prepare(sql, values)
        defer { finish(statement) }
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return try decode(SQLRow(statement: statement))
        case SQLITE_DONE: return nil
        case let code: throw failure(code)
        }
    }

    var lastSequence: Int64 { sqlite3_last_insert_rowid(database.sqliteConnection) }

    private func prepare(_ sql: String, _ values: [SQLValue]) throws(StoreError) -> OpaquePointer {
        let statement: OpaquePointer
        do {
            statement = try database.cachedStatement(sql: sql).sqliteStatement
        } catch {
            throw StoreError(wrapping: error)
        }
        assert(values.count == Int(sqlite3_bind_parameter_count(statement)))
        var index: CInt = 1
        for value in values {
            let code = value.bind(to: statement, at: index)
            guard code == SQLITE_OK else { throw failure(code) }
            index += 1
        }
        return statement
    }

    /// Ends the statement's hold on the database and on its values; what failed was already reported by the step.
    private func finish(_ statement: OpaquePointer) {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    private func failure(_ code: CInt) -> StoreError {
        StoreError(resultCode: code, message: sqlite3_errmsg(database.sqliteConnection).map { String(cString: $0) })
    }
}

@available(*, unavailable)
extension StoreTransaction: Sendable {}
