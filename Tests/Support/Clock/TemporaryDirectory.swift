#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A fresh directory of mode 0700, removed with all it holds when the value goes away.
///
/// Keep it in a property of the suite, or use `withTemporaryDirectory(_:)`: a local variable may be released after its
/// last use, while a path taken from it is still in use.
package final class TemporaryDirectory: Sendable {
    /// Absolute, without symbolic links and short enough for a Unix socket in it (108 bytes).
    package let path: String

    package init(prefix: String = "anycode") throws {
        let parent = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
        let name = "\(prefix)-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        path = parent.hasSuffix("/") ? parent + name : "\(parent)/\(name)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The absolute path of `name` inside; nothing is created.
    package func file(_ name: String) -> String {
        "\(path)/\(name)"
    }

    /// Writes a file and the directories above it; returns its absolute path.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        let target = file(name)
        let parent = target.lastIndex(of: "/").map { String(target[..<$0]) } ?? path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: target))
        return target
    }

    /// The text of the file `name`; nil when it cannot be read.
    package func read(_ name: String) -> String? {
        guard let data = FileManager.default.contents(atPath: file(name)) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Runs `body` with a directory that is removed when it returns or throws.
package func withTemporaryDirectory<Result>(
    prefix: String = "anycode", _ body: (TemporaryDirectory) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory(prefix: prefix)
    defer { withExtendedLifetime(directory) {} }
    return try await body(directory)
}
