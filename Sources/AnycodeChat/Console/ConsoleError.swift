/// Why the console could not be opened.
package struct ConsoleError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        case journalUnusable
        case descriptorsUnusable
    }

    package let code: Code
    /// Safe to show.
    package let message: String
    /// What to do about it.
    package let hint: String

    package var description: String { "\(message). \(hint)" }
}
