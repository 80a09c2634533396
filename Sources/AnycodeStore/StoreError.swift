/// Why the store refused or failed.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// A younger incarnation of the session has taken over; the caller must stop.
        case staleIncarnation
        case notFound
        /// The database was written by a newer version of this program.
        case newerSchema
        /// The file is another program's database, the ancestor's, or no database at all.
        case foreignDatabase
        /// Another daemon uses the database; its process id where known.
        case locked(pid: Int32?)
        /// Nothing was stored; the store goes on as soon as there is space.
        case diskFull
        /// Another program holds the database, or too many writes wait; nothing was stored.
        case busy
        case corrupt
        case failed
        /// The store was closed.
        case closed
    }

    package let code: Code
    /// Safe to show; holds no values from the database.
    package let message: String
    /// What the operator can do.
    package let hint: String?
    package let underlying: (any Error)?

    package init(_ code: Code, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.underlying = underlying
    }

    package var description: String { hint.map { "\(message). \($0)" } ?? message }

    /// Whether the same call may succeed later.
    package var isTransient: Bool { code == .diskFull || code == .busy }
}
