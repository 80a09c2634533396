package import AnycodeCore

/// A file that a person sent, and its place in the workspace.
package struct IncomingFile: Hashable, Sendable {
    package let file: SentFile
    /// Relative to the workspace.
    package let path: String
}

/// What became of a file that a person sent.
package struct ReceivedFile: Hashable, Sendable {
    package let file: SentFile
    package let path: String
    /// Why it is not there, in words; `nil` when it is.
    package let problem: String?

    package init(_ incoming: IncomingFile, problem: String? = nil) {
        file = incoming.file
        path = incoming.path
        self.problem = problem
    }
}

/// Files that people send with their words.
extension SessionMachine {
    /// Where they go: in the workspace, because agents ask before they read outside of it. A `.gitignore` of its own,
    /// which ignores itself too, keeps the folder out of the saved patch and of the agent's commits.
    package static let filesFolder = ".anycode/attachments"

    /// The most files that are taken of one message.
    package static let filesPerMessage = 20

    /// Has the files of the first waiting prompt put into the workspace; its turn begins when they are there.
    mutating func receive(_ files: [SentFile]) {
        state.phase = .receiving
        progressed(files.count == 1 ? "receiving a file" : "receiving \(files.count) files")
        act(.receive(places(of: files)))
    }

    /// After a restart: the same files go to the same places.
    mutating func receiveAgain() {
        guard let files = state.queue.first?.files else { return nextTurn() }
        act(.receive(places(of: files)))
    }

    func places(of files: [SentFile]) -> [IncomingFile] {
        let first = (state.fileCount ?? 0) + 1
        return files.prefix(Self.filesPerMessage).enumerated().map { place, file in
            IncomingFile(file: file, path: "\(Self.filesFolder)/\(first + place)-\(Self.safeName(file.name))")
        }
    }

    mutating func received(_ files: [ReceivedFile]) {
        guard state.phase == .receiving, let prompt = state.queue.first, let sent = prompt.files,
            files.map(\.file) == Array(sent.prefix(Self.filesPerMessage))
        else { return }
        state.fileCount = (state.fileCount ?? 0) + min(sent.count, Self.filesPerMessage)
        let left = sent.dropFirst(Self.filesPerMessage).count
        let there = files.filter { $0.problem == nil }
        var lines: [String] = []
        if !there.isEmpty {
            lines.append(
                prompt.text.isEmpty
                    ? "Look at these files, which are in the workspace:" : "Files sent with this message:")
            lines += there.map { "- `\($0.path)` (\($0.file.mediaType))" }
        }
        for file in files {
            guard let problem = file.problem else { continue }
            lines.append("The file \"\(file.file.name)\" was sent too and could not be fetched: \(problem).")
            note("The file \(StreamView.code(file.file.name)) could not be fetched: \(problem).")
        }
        if left > 0 { note("\(left) more files were not taken: \(Self.filesPerMessage) is the most of one message.") }
        state.queue[0].files = nil
        state.queue[0].remark = lines.joined(separator: "\n")
        nextTurn()
    }

    /// Goes on without what is still not there.
    mutating func filesAreLate() {
        received(places(of: state.queue.first?.files ?? []).map { ReceivedFile($0, problem: "it took too long") })
    }

    /// The name without what could lead elsewhere or break a line; at most 80 characters, its ending kept.
    static func safeName(_ name: String) -> String {
        let last = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        var safe = last.map { character -> Character in
            let isPlain = character.isLetter || character.isNumber || ".-_+ ".contains(character)
            return isPlain ? (character == " " ? "_" : character) : "_"
        }
        while safe.first == "." || safe.first == "-" { safe.removeFirst() }
        if safe.count > 80 { safe = Array(safe.prefix(60)) + ["_"] + Array(safe.suffix(19)) }
        return safe.isEmpty ? "file" : String(safe)
    }
}
