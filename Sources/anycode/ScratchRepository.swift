import AnycodeCore
import AnycodeRuntime
import Foundation

/// A small git repository to try things on, made once.
struct ScratchRepository: Sendable {
    let path: String

    /// What tasks are told to work on: a clone of it, never the directory itself.
    var source: RequestedSource {
        RequestedSource(source: WorkspaceSource(url: path), spelling: path, isLocal: true)
    }

    init(at path: String) throws {
        self.path = path
        guard !FileManager.default.fileExists(atPath: path + "/.git") else { return }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, text) in Self.files {
            try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        }
        try git("init", "--quiet", "--initial-branch=main")
        try git("add", "--all")
        try git(
            "-c", "user.name=Anycode", "-c", "user.email=anycode@localhost", "-c", "commit.gpgsign=false", "commit",
            "--quiet", "--message=A small project to try Anycode on")
    }

    private static let files = [
        "README.md": "# Greeter\n\nSays hello.\n\n    sh greet.sh Ana\n",
        "greet.sh": "#!/bin/sh\n# Greets whoever is named.\necho \"Hello, ${1:-world}!\"\n",
    ]

    private func git(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", path] + arguments
        process.standardOutput = FileHandle.nullDevice
        let complaint = Pipe()
        process.standardError = complaint
        do {
            try process.run()
        } catch {
            throw GitError(words: "git cannot be started: install the package git")
        }
        let words = String(decoding: complaint.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw GitError(words: "git \(arguments.first ?? "") failed in \(path): \(words)")
        }
    }

    struct GitError: Error, CustomStringConvertible {
        let words: String
        var description: String { words }
    }
}
