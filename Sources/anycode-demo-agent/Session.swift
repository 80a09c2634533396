#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the agent remembers about a session, also on disk so that it can be loaded again.
struct Session: Codable, Sendable {
    struct Said: Codable, Sendable {
        var byUser: Bool
        var text: String
    }

    var id: String
    var directory: String
    var mode = "ask"
    /// The words that were chosen for the welcome; nil before the first answer.
    var greeting: String?
    /// Kinds of action that the person allowed for good.
    var allowed: Set<String> = []
    var history: [Said] = []
    var tokens = 0

    init(id: String, directory: String) {
        self.id = id
        self.directory = directory
    }

    static func load(_ id: String) -> Session? {
        guard let file = file(id), let data = try? Data(contentsOf: URL(filePath: file)) else { return nil }
        return try? JSONDecoder().decode(Session.self, from: data)
    }

    /// Best effort: without a writable home the session lives as long as the process.
    func save() {
        guard let file = Self.file(id), let data = try? JSONEncoder().encode(self) else { return }
        try? FileManager.default.createDirectory(atPath: Self.folder, withIntermediateDirectories: true)
        try? data.write(to: URL(filePath: file), options: .atomic)
    }

    private static let folder = (ProcessInfo.processInfo.environment["HOME"] ?? "/tmp") + "/.anycode-demo-agent"

    private static func file(_ id: String) -> String? {
        guard !id.isEmpty, id.utf8.count <= 64,
            id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else { return nil }
        return "\(folder)/\(id).json"
    }
}
