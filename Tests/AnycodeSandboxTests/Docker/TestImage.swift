import AnycodeCore
import Foundation
import HTTPTransport

@testable import AnycodeSandbox

/// An image made of this machine's own files: a shell, a few programs and the libraries that they and the runner need.
///
/// It exists while a test uses it, and its network too.
actor TestImage {
    static let shared = TestImage()

    /// Of the images and of their containers' network.
    nonisolated let name = "anycode-test-\(UInt32.random(in: .min ... .max))"
    private var archive: [UInt8]?
    private var users: [String: Int] = [:]
    private var making: [String: Task<Void, any Error>] = [:]

    /// Imports the files with some lines of a Dockerfile; the image's name. To be followed by `leave`.
    func take(_ engine: Engine, runner: String, tag: String, changes: [String]) async throws -> String {
        let image = "\(name):\(tag)"
        users[image, default: 0] += 1
        do {
            try await make(image, engine, runner, tag, changes)
            return image
        } catch {
            await leave(image, engine)
            throw error
        }
    }

    private func make(
        _ image: String, _ engine: Engine, _ runner: String, _ tag: String, _ changes: [String]
    ) async throws {
        if let known = making[image] { return try await known.value }
        let task = Task {
            let files = tag == "empty" ? Self.onlyPasswd() : try self.files(runner)
            try await Self.load(files, engine, repository: self.name, tag: tag, changes)
        }
        making[image] = task
        try await task.value
    }

    func leave(_ image: String, _ engine: Engine) async {
        users[image, default: 1] -= 1
        guard users[image] == 0, making.removeValue(forKey: image) != nil else { return }
        users[image] = nil
        if users.isEmpty { _ = try? await engine.send(EngineCall(.delete, "/networks/\(name)")) }
        _ = try? await engine.send(EngineCall(.delete, "/images/\(image)", ["force": "1"]))
    }

    static func load(
        _ files: [UInt8], _ engine: Engine, repository: String, tag: String, _ changes: [String]
    ) async throws {
        var call = EngineCall(.post, "/images/create", ["fromSrc": "-", "repo": repository, "tag": tag])
        call.query += changes.map { ("changes", $0) }
        call.body = .bytes(files)
        call.contentType = "application/x-tar"
        call.timeout = .seconds(120)
        try await engine.send(call)
    }

    private func files(_ runner: String) throws -> [UInt8] {
        if let archive { return archive }
        let programs = ["sh", "bash", "cat", "id", "ls", "sleep", "stat", "tail", "timeout", "touch", "dd", "kill"]
            .compactMap(ProgramLookup.find)
        let libraries = try Set((programs + [runner]).flatMap(Self.libraries))
        var tar = TarWriter(capacity: 64 << 20)
        Self.addBase(to: &tar)
        for path in programs { try Self.add(path, as: "bin/\(path.split(separator: "/").last ?? "")", to: &tar) }
        for path in libraries.sorted() { try Self.add(path, as: String(path.dropFirst()), to: &tar) }
        let made = tar.finished()
        archive = made
        return made
    }

    private static func addBase(to tar: inout TarWriter) {
        for directory in ["bin", "dev", "etc", "home", "lib", "lib64", "opt", "proc", "run", "sys", "usr", "usr/bin"] {
            tar.add(directory: directory, mode: 0o755, owner: .root)
        }
        tar.add(directory: "tmp", mode: 0o1777, owner: .root)
        tar.add(directory: "home/dev", mode: 0o755, owner: .init(user: 1234, group: 1234))
        tar.add(file: "etc/passwd", passwd, mode: 0o644, owner: .root)
        tar.add(file: "etc/group", "root:x:0:\ndev:x:1234:\n".utf8, mode: 0o644, owner: .root)
    }

    private static var passwd: [UInt8] {
        Array("root:x:0:0::/root:/bin/sh\ndev:x:1234:1234::/home/dev:/bin/sh\n".utf8)
    }

    private static func onlyPasswd() -> [UInt8] {
        var tar = TarWriter()
        tar.add(directory: "etc", mode: 0o755, owner: .root)
        tar.add(file: "etc/passwd", passwd, mode: 0o644, owner: .root)
        return tar.finished()
    }

    private static func add(_ path: String, as name: String, to tar: inout TarWriter) throws {
        let data = try Data(contentsOf: URL(filePath: path).resolvingSymlinksInPath())
        tar.add(file: name, data, mode: 0o755, owner: .root)
    }

    /// Absolute paths of the libraries, the loader included.
    private static func libraries(of program: String) throws -> [String] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/ldd")
        process.arguments = [program]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(whereSeparator: \.isWhitespace).map(String.init)
            .filter { $0.hasPrefix("/") && !$0.hasSuffix(":") }
    }
}
