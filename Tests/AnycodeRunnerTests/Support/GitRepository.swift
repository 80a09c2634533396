import Foundation

@testable import AnycodeRunner

/// A real repository to clone from.
struct GitRepository {
    let path: String

    /// Makes one with a commit on `main`.
    init(_ path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try run(["init", "-q", "-b", "main"])
        try write("one\ntwo\n", to: "text")
        try write("gone\n", to: "old")
        try commit("first")
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
    }

    func commit(_ message: String) throws {
        try run(["add", "-A"])
        try run(["-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-q", "-m", message])
    }

    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let output = try OpenFile.open(path + ".out", O_RDWR | O_CREAT | O_TRUNC)
        let null = try OpenFile.open("/dev/null", O_RDWR)
        let pid = try ProcessSpawn(
            executable: "/usr/bin/git", arguments: arguments,
            environment: ["PATH": "/usr/bin:/bin", "HOME": path, "GIT_CONFIG_NOSYSTEM": "1"], directory: path,
            standardStreams: (null.descriptor, output.descriptor, null.descriptor)
        ).start()
        let exit = Children.collect(pid)
        let text = String(decoding: try output.read(at: 0, count: output.size), as: UTF8.self)
        guard exit.success else { throw TestClient.Failure(what: "git \(arguments): \(text)") }
        return text.trimmed
    }
}

extension String {
    var trimmed: String {
        var text = self
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
