import Foundation
import HTTPTestSupport

/// Serves a bare repository over git's smart HTTP, by git's own CGI program.
/// https://git-scm.com/docs/git-http-backend
struct GitHTTPBackend: Sendable {
    /// Path of the repository.
    let repository: String

    /// - Parameter path: below the repository, with its query.
    func answer(_ request: ScriptedConnection.Request, path: String) -> [UInt8] {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var variables = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_PROJECT_ROOT": repository, "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": "/\(parts[0])", "QUERY_STRING": parts.count > 1 ? parts[1] : "",
            "REQUEST_METHOD": request.method, "REMOTE_USER": "somebody", "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": "\(request.body.count)",
        ]
        variables["CONTENT_TYPE"] = request.headers["content-type"]
        variables["HTTP_CONTENT_ENCODING"] = request.headers["content-encoding"]
        variables["GIT_PROTOCOL"] = request.headers["git-protocol"]
        guard let output = Self.run(["http-backend"], variables, input: request.body),
            let end = output.firstRange(of: Array("\r\n\r\n".utf8))
        else { return Array("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n".utf8) }
        let lines = String(decoding: output[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let status = lines.first { $0.hasPrefix("Status: ") }?.dropFirst(8) ?? "200 OK"
        let body = output[end.upperBound...]
        let headers = lines.filter { !$0.hasPrefix("Status: ") } + ["Content-Length: \(body.count)"]
        return Array("HTTP/1.1 \(status)\r\n\(headers.joined(separator: "\r\n"))\r\n\r\n".utf8) + body
    }

    func has(branch: String) -> Bool {
        let arguments = ["--git-dir", repository, "rev-parse", "--verify", "--quiet", "refs/heads/\(branch)"]
        return Self.run(arguments, ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]) != nil
    }

    /// What git prints; `nil` when it failed.
    private static func run(
        _ arguments: [String], _ environment: [String: String], input: [UInt8] = []
    ) -> [UInt8]? {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("git-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let program = Process()
        let output = Pipe()
        program.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        program.arguments = ["git"] + arguments
        program.environment = environment
        program.standardOutput = output
        program.standardError = FileHandle.nullDevice
        do {
            try Data(input).write(to: file)
            program.standardInput = try FileHandle(forReadingFrom: file)
            try program.run()
        } catch {
            return nil
        }
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        program.waitUntilExit()
        return program.terminationStatus == 0 ? bytes : nil
    }
}
