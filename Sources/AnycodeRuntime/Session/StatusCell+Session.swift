import Supervision

extension StatusCell {
    /// Shows the last save, in words and with its age, as a node below the session's.
    func showSave(files: Int, age seconds: Double = 0) {
        removeNode("save")
        let cell = node("save", kind: "save", age: .seconds(max(0, seconds)))
        cell[detail: "status"] = files == 1 ? "1 file" : "\(files) files"
    }
}
