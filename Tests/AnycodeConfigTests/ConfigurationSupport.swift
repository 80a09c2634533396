import Foundation

@testable import AnycodeConfig

/// Parses with everything supported and a made-up home.
func parsed(_ text: String, supported: Supported = .everything) throws -> Configuration {
    try Configuration.parse(text, environment: ["HOME": "/home/ana"], supported: supported)
}

/// The problems of a text, as the person sees them.
func problems(_ text: String, supported: Supported = .everything) -> [ConfigurationProblem] {
    do {
        _ = try parsed(text, supported: supported)
        return []
    } catch let error as ConfigurationError {
        return error.problems
    } catch {
        return [.init(.unreadable, file: "\(error)", message: "")]
    }
}

func messages(_ text: String, supported: Supported = .everything) -> [String] {
    problems(text, supported: supported).map(\.description)
}

/// A file of its own that goes with the closure.
func withFile<Result>(_ content: Data, mode: Int = 0o600, _ body: (String) throws -> Result) throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("anycode-config-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appendingPathComponent("config.toml").path
    try content.write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    return try body(path)
}
