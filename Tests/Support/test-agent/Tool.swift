import TestJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the model may do.
struct Tool {
    struct Result {
        var text: String
        var isError = false
        var diff: JSON?
    }

    private enum Work {
        case bash(command: String)
        case writeFile(path: String, content: String)
    }

    let name: String
    let input: JSON
    private let work: Work

    /// Nil when there is no such tool or its arguments are wrong.
    init?(_ call: ModelClient.Call) {
        guard let input = try? JSON(parsing: call.arguments.utf8) else { return nil }
        switch (call.name, input["command"]?.string, input["path"]?.string, input["content"]?.string) {
        case ("bash", let command?, _, _): work = .bash(command: command)
        case ("write_file", _, let path?, let content?): work = .writeFile(path: path, content: content)
        default: return nil
        }
        name = call.name
        self.input = input
    }

    static let offered: JSON = [
        function("bash", "Run a command", ["command"]), function("write_file", "Write a file", ["path", "content"]),
    ]

    var title: String {
        switch work {
        case .bash(let command): command
        case .writeFile(let path, _): "Write \(path)"
        }
    }

    var kind: String {
        switch work {
        case .bash: "execute"
        case .writeFile: "edit"
        }
    }

    func run(in directory: String, orUntil interrupt: Interrupt) throws(TurnEnd) -> Result {
        switch work {
        case .bash(let command):
            let (output, code) = try ShellCommand(command: command, workingDirectory: directory)
                .run(orUntil: interrupt)
            return Result(text: "\(output)\nexit code \(code)", isError: code != 0)
        case .writeFile(let path, let content):
            return write(content, to: path.hasPrefix("/") ? path : "\(directory)/\(path)")
        }
    }

    private func write(_ content: String, to path: String) -> Result {
        let url = URL(filePath: path)
        let old = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: url)
        } catch {
            return Result(text: "\(path) cannot be written: \(error)", isError: true)
        }
        let diff: JSON = [
            "type": "diff", "path": .string(path), "oldText": old.map(JSON.string) ?? .null,
            "newText": .string(content),
        ]
        return Result(text: "written \(path)", diff: diff)
    }

    private static func function(_ name: String, _ description: String, _ members: [String]) -> JSON {
        let properties = members.map { ($0, ["type": "string"] as JSON) }
        return [
            "type": "function",
            "function": [
                "name": .string(name), "description": .string(description),
                "parameters": [
                    "type": "object", "properties": .object(Dictionary(properties) { first, _ in first }),
                    "required": .array(members.map(JSON.string)),
                ],
            ],
        ]
    }
}
