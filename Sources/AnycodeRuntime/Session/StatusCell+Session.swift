import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension StatusCell {
    /// Shows the last save, in words and with its age, as a node below the session's.
    func showSave(files: Int, savedAt date: Date, now: Date) {
        showSave(files: files, age: .seconds(max(0, now.timeIntervalSince(date))))
    }

    /// Shows something that happened, with its age, as a node below this one; the newest of its kind only.
    func showPast(_ id: String, _ words: String) {
        removeNode(id)
        node(id, kind: "past")[detail: "status"] = words
    }

    func showSave(files: Int, age: Duration = .zero) {
        removeNode("save")
        let cell = node("save", kind: "save", age: age)
        cell[detail: "status"] = files == 1 ? "1 file" : "\(files) files"
    }
}
