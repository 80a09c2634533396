import Foundation
import TestJSON

/// What the chat says in the end, read from the console's journal.
enum ConsoleJournal {
    /// The messages in chat order, by number.
    static func messages(at path: String) throws -> [(number: Int, markdown: String)] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var messages: [Int: String] = [:]
        for line in text.split(separator: "\n") {
            let record = try JSON(parsing: line.utf8)
            if let sent = record["sent"], let number = sent["number"]?.integer {
                messages[number] = sent["content"]?["markdown"]?.string
            }
            if let edited = record["edited"], let number = edited["number"]?.integer {
                let kept = String((messages[number] ?? "").unicodeScalars.prefix(edited["keep"]?.integer ?? 0))
                messages[number] = kept + (edited["content"]?["markdown"]?.string ?? "")
            }
        }
        return messages.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
