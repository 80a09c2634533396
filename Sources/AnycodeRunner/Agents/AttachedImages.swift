import AnycodeJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Images that a prompt names by their place among the files people sent: the model gets to see them.
enum AttachedImages {
    /// Where the daemon puts what people send, below the workspace.
    static let folder = ".anycode/attachments/"
    /// Largest image, bytes, and most images of one prompt; what is beyond stays a file that the agent may read.
    static let limit = 5 << 20
    static let count = 8

    /// The client's message; a prompt with its images behind the words.
    static func added(to message: JSON, workspace: String) -> JSON {
        guard message.text("method") == "session/prompt", let params = message["params"],
            let blocks = params["prompt"]?.array
        else { return message }
        let images = blocks.compactMap { $0.text("text") }.flatMap(names).prefix(count)
            .compactMap { block($0, workspace: workspace) }
        guard !images.isEmpty else { return message }
        return message.replacing("params", params.replacing("prompt", .array(blocks + images)))
    }

    /// Names between backticks that lie in the folder itself.
    private static func names(in text: String) -> [String] {
        guard text.contains(folder) else { return [] }
        return text.split(separator: "`").filter { $0.hasPrefix(folder) }.map { String($0.dropFirst(folder.count)) }
            .filter { !$0.isEmpty && !$0.contains("/") && !$0.contains("\0") && $0 != ".." }
    }

    private static func block(_ name: String, workspace: String) -> JSON? {
        let path = "\(workspace)/\(folder)\(name)"
        // A repository may have put a link there.
        guard let root = realPath(workspace), realPath(path) == "\(root)/\(folder)\(name)",
            let bytes = readSmallFile(path, limit: limit), let type = mediaType(bytes)
        else { return nil }
        return ["type": "image", "mimeType": .string(type), "data": .string(Data(bytes).base64EncodedString())]
    }

    /// By its first bytes; nil for what models do not take.
    private static func mediaType(_ bytes: [UInt8]) -> String? {
        func begins(_ first: [UInt8], at place: Int = 0) -> Bool { bytes.dropFirst(place).starts(with: first) }
        if begins([0x89, 0x50, 0x4E, 0x47]) { return "image/png" }
        if begins([0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
        if begins(Array("GIF8".utf8)) { return "image/gif" }
        if begins(Array("RIFF".utf8)), begins(Array("WEBP".utf8), at: 8) { return "image/webp" }
        return nil
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}

extension JSON {
    /// The object with another value under a key that it has.
    fileprivate func replacing(_ key: String, _ value: JSON) -> JSON {
        .object((members ?? []).map { $0.key == key ? Member(key, value) : $0 })
    }
}
