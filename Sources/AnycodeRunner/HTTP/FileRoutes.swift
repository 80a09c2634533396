import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `/v1/fs`: files of the sandbox, with the rights of the agent's own user.
struct FileRoutes: Sendable {
    /// Largest file that is read or written, bytes.
    static let maximumFile = 64 << 20

    let workspace: String
    let home: String?

    /// Absolute path of the query's `path`: `~/` is the home, anything relative lies in the workspace.
    private func path(_ request: Request, default fallback: String? = nil) throws(RunnerError) -> String {
        guard let path = request.query("path") ?? fallback, !path.contains("\0") else {
            throw RunnerError(.invalid, "The query parameter “path” is missing.")
        }
        if path.hasPrefix("/") { return path }
        if path == "~" || path.hasPrefix("~/") {
            guard let home else { throw RunnerError(.invalid, "This sandbox has no home.") }
            return home + path.dropFirst()
        }
        return path.isEmpty ? workspace : workspace + "/" + path
    }

    func read(_ request: Request) async throws -> Response {
        let path = try path(request)
        let file = try Self.open(path, O_RDONLY | O_NONBLOCK)
        var status = stat()
        guard fstat(file.descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw RunnerError(.invalid, "\(path) is no regular file.")
        }
        let size = Int(status.st_size)
        guard size <= Self.maximumFile else {
            throw RunnerError(.tooLarge, "\(path) has \(size) bytes; \(Self.maximumFile) is the limit.")
        }
        return .file(file, size: size)
    }

    func write(_ request: Request) async throws -> Response {
        struct Written: Encodable {
            var path: String
            var bytesWritten: Int
        }
        let path = try path(request)
        if request.headers[.ifNoneMatch] == "*", fileExists(path) {
            return try .json(Written(path: path, bytesWritten: 0))
        }
        let isPrivate = home.map { path.hasPrefix($0 + "/") } ?? false
        let isInWorkspace = path.hasPrefix(workspace + "/")
        let place = try FilePlace(
            isInWorkspace ? String(path.dropFirst(workspace.count)) : path, below: isInWorkspace ? workspace : nil,
            mode: isPrivate ? 0o700 : 0o755)
        let before = place.mode
        guard before.map({ $0 & S_IFMT }) != S_IFDIR else { throw RunnerError(.invalid, "\(path) is a directory.") }
        let draft = ".\(UInt64.random(in: 0 ... .max)).part"
        let file = try place.folder.open(draft, O_WRONLY | O_CREAT | O_EXCL, mode: isPrivate ? 0o600 : 0o644)
        defer { unlinkat(place.folder.descriptor, draft, 0) }
        var size = 0
        for try await buffer in request.body {
            guard size + buffer.readableBytes <= Self.maximumFile else {
                throw RunnerError(.tooLarge, "A file may have \(Self.maximumFile) bytes.")
            }
            try file.write(Array(buffer.readableBytesView), at: size)
            size += buffer.readableBytes
        }
        if !isPrivate, let before, before & S_IFMT == S_IFREG { fchmod(file.descriptor, before & 0o777) }
        let folder = place.folder.descriptor
        guard renameat(folder, draft, folder, place.name) == 0 else { throw RunnerError.storage("write", path) }
        return try .json(Written(path: path, bytesWritten: size))
    }

    func status(_ request: Request) throws -> Response {
        let path = try path(request)
        guard let entry = Entry(path: path, name: nil) else { throw RunnerError(.notFound, "There is no \(path).") }
        return try .json(entry)
    }

    func entries(_ request: Request) throws -> Response {
        let path = try path(request, default: "")
        guard isDirectory(path) else { throw RunnerError(.notFound, "There is no directory \(path).") }
        let names = directoryNames(path)
        guard names.count <= 10_000 else { throw RunnerError(.tooLarge, "\(path) has \(names.count) entries.") }
        return try .json(names.compactMap { Entry(path: path + "/" + $0, name: $0) })
    }

    private static func open(_ path: String, _ flags: Int32) throws(RunnerError) -> OpenFile {
        guard fileExists(path) else { throw RunnerError(.notFound, "There is no \(path).") }
        return try OpenFile.open(path, flags)
    }
}

extension FileRoutes {
    /// `FsStat` and `FsEntry` of sandbox-agent.
    private struct Entry: Encodable {
        var name: String?
        var path: String
        var entryType: String
        var size: Int
        var modified: String

        init?(path: String, name: String?) {
            var status = stat()
            guard stat(path, &status) == 0 || lstat(path, &status) == 0 else { return nil }
            self.name = name
            self.path = path
            entryType = status.st_mode & S_IFMT == S_IFDIR ? "directory" : "file"
            size = Int(status.st_size)
            #if canImport(Glibc)
            let seconds = status.st_mtim.tv_sec
            #else
            let seconds = status.st_mtimespec.tv_sec
            #endif
            modified = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        }
    }
}

extension Response {
    /// A file's bytes, read as fast as the client takes them.
    static func file(_ file: OpenFile, size: Int, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/octet-stream"
        return Response(
            status: .ok, headers: headers,
            body: .init(contentLength: size) { writer in
                var offset = 0
                while offset < size {
                    let part = try file.read(at: offset, count: min(128 << 10, size - offset))
                    guard !part.isEmpty else {
                        throw RunnerError(.storage, "The file became shorter while it was read.")
                    }
                    try await writer.write(ByteBuffer(bytes: part))
                    offset += part.count
                }
                try await writer.finish(nil)
            })
    }
}
