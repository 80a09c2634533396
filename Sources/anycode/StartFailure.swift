import AnycodeStore
import ArgumentParser
import Supervision

/// What the process ends with when it cannot start. The numbers are those of sysexits.h, so that a service manager can
/// tell what a new try may mend from what a person must.
enum StartFailure {
    /// Another daemon has the database.
    static let inUse = ExitCode(69)
    /// The database cannot be used as it is.
    static let database = ExitCode(74)

    /// Runs `body`; tells a store's refusal in its own words and ends with the number that fits.
    static func telling<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as StoreError {
            Terminal.complain("\(error)")
            throw code(for: error)
        }
    }

    /// Runs `body`; tells which part of the tree ended it, and why.
    static func namingThePart(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as SupervisionError {
            Terminal.complain("The daemon ends: " + error.chain.joined(separator: " "))
            throw ExitCode(1)
        }
    }

    static func code(for error: StoreError) -> ExitCode {
        switch error.code {
        case .locked: inUse
        case .newerSchema, .foreignDatabase: ExitCode(78)
        case .corrupt, .diskFull, .failed, .busy: database
        case .staleIncarnation, .notFound, .closed: ExitCode(1)
        }
    }
}
