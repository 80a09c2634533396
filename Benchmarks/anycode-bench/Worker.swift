import Foundation

/// A process that is asked a line at a time and answers with lines of `key=value` pairs.
final class Worker {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var rest: [UInt8] = []

    /// This program in another role.
    convenience init(role: String, _ arguments: [String]) throws {
        try self.init(program: Self.ownProgram, [role] + arguments)
    }

    init(program: String, _ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    static var ownProgram: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    var processID: String { "\(process.processIdentifier)" }

    func tell(_ command: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data((command + "\n").utf8))
    }

    /// Sends a command and waits for its answer.
    @discardableResult
    func ask(_ command: String) throws -> [String: Double] {
        try tell(command)
        return try answer()
    }

    /// The pairs of the next line that has any.
    func answer() throws -> [String: Double] {
        while true {
            var pairs: [String: Double] = [:]
            for word in try line().split(separator: " ") {
                let parts = word.split(separator: "=")
                if parts.count == 2, let value = Double(parts[1]) { pairs[String(parts[0])] = value }
            }
            if !pairs.isEmpty { return pairs }
        }
    }

    private func line() throws -> String {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw WorkerEnded(words: process.arguments?.first ?? "") }
            rest += data
        }
    }

    /// Ends it as a crash would: nothing of it runs any more.
    func crash() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Lets it end by itself, for its input is over.
    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

struct WorkerEnded: Error, CustomStringConvertible {
    let words: String
    var description: String { "the process \(words) ended before it answered" }
}

/// A directory that goes away.
struct ScratchDirectory {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "anycode-bench-\(UUID().uuidString.prefix(8))"
            ).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
