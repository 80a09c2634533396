/// One line of the workspace's status.
struct ChangedFile: Encodable, Sendable, Equatable {
    var path: String
    var status: String
    /// Lines; nil for binary files.
    var added: Int?
    var removed: Int?
    var binary: Bool

    private enum CodingKeys: CodingKey { case path, status, added, removed, binary }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(path, forKey: .path)
        try values.encode(status, forKey: .status)
        try values.encode(added, forKey: .added)
        try values.encode(removed, forKey: .removed)
        try values.encode(binary, forKey: .binary)
    }

    /// Reads `git diff -z --raw --numstat`: the raw lines first, each with one path (two for a rename), then the counts.
    static func parse(_ output: [UInt8]) -> [ChangedFile] {
        var fields = output.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }[...]
        var statuses: [String: String] = [:]
        var files: [ChangedFile] = []
        while let field = fields.popFirst() {
            if field.hasPrefix(":") {
                let letter = field.split(separator: " ").last?.first
                if letter == "R" || letter == "C" { _ = fields.popFirst() }
                if let path = fields.popFirst() { statuses[path] = word(letter) }
                continue
            }
            let counts = field.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            guard counts.count == 3 else { continue }
            var path = String(counts[2])
            if path.isEmpty {
                _ = fields.popFirst()
                path = fields.popFirst() ?? ""
            }
            let (added, removed) = (Int(counts[0]), Int(counts[1]))
            files.append(
                ChangedFile(
                    path: path, status: statuses[path] ?? "modified", added: added, removed: removed,
                    binary: added == nil))
        }
        return files
    }

    private static func word(_ letter: Character?) -> String {
        switch letter {
        case "A", "C": "added"
        case "D": "deleted"
        case "R": "renamed"
        default: "modified"
        }
    }
}
