#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Why the control socket could not be opened.
package struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        case alreadyRunning
        case notASocket
        case badSocketPath
        case unsafeDirectory
        case system(errno: Int32)
    }

    package let code: Code
    package let message: String
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { [message, hint].compactMap(\.self).joined(separator: "\n") }

    static func system(_ message: String, _ code: Int32) -> ServerError {
        ServerError(.system(errno: code), "\(message): \(String(cString: strerror(code))).")
    }
}
