import HTTPTypes
import Hummingbird

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

/// `/anycode/v1/workspace`: making it, what changed in it, and bringing changes back.
struct WorkspaceRoutes: Sendable {
    /// Largest patch in either direction, bytes.
    static let maximumPatch = 64 << 20

    let git: Git
    let preparer: WorkspacePreparer
    let servers: AgentServers

    func prepare(_ request: Request) async throws -> Response {
        struct Body: Decodable { var source: WorkspaceSource? }
        let source: WorkspaceSource?
        do {
            source = try JSONDecoder().decode(
                Body.self, from: Data(try await request.body.collect(upTo: 1 << 16).readableBytesView)
            )
            .source
        } catch let error as RunnerError {
            return Response(
                status: .ok, headers: Self.lines, body: .init(byteBuffer: line(.failed(PrepareFailure(error)))))
        } catch is DecodingError {
            throw RunnerError(.invalid, "The body is not the JSON that is expected here.")
        }
        let steps = await preparer.prepare(source)
        return Response(
            status: .ok, headers: Self.lines,
            body: .init { writer in
                for await step in steps { try await writer.write(line(step)) }
                try await writer.finish(nil)
            })
    }

    private static let lines: HTTPFields = [.contentType: "application/x-ndjson"]

    private func line(_ step: WorkspacePreparer.Step) -> ByteBuffer {
        switch step {
        case .progress(let text):
            return ByteBuffer(string: "{\"progress\":\(jsonString(text))}\n")
        case .done(let prepared):
            let branch = prepared.branch.map(jsonString) ?? "null"
            return ByteBuffer(
                string: """
                    {"done":{"base":\(jsonString(prepared.base)),"branch":\(branch),"path":\(jsonString(git.workspace))}}\n
                    """)
        case .failed(let failure):
            return ByteBuffer(
                string:
                    "{\"error\":{\"code\":\"\(failure.code.rawValue)\",\"message\":\(jsonString(failure.message))}}\n")
        }
    }

    func status() async throws -> Response {
        try .json(try await changes().status())
    }

    /// What the repository says to an agent; an empty answer when it says nothing that is known.
    func settings(_ request: Request) async throws -> Response {
        guard let agent = request.query("agent") else {
            throw RunnerError(.invalid, "The query parameter “agent” is missing.")
        }
        let base = try await changes().base
        guard let native = await servers.native(agent),
            let settings = try await RepositorySettingsReader(git: git, base: base).settings(for: native)
        else { return .done }
        return try .json(settings)
    }

    func patch(_ request: Request) async throws -> Response {
        let limit = request.query("limit").map(Int.init) ?? Self.maximumPatch
        guard let limit, limit > 0 else { throw RunnerError(.invalid, "The limit is a number of bytes.") }
        let changes = try await changes()
        let file = try await changes.patch(limit: min(limit, Self.maximumPatch))
        return .file(file, size: file.size, headers: [.anycodeBase: changes.base])
    }

    func apply(_ request: Request) async throws -> Response {
        let changes = try await changes()
        let path = git.temporaryPath()
        let file = try OpenFile.open(path, O_WRONLY | O_CREAT | O_EXCL)
        defer { unlink(path) }
        var size = 0
        for try await buffer in request.body {
            guard size + buffer.readableBytes <= Self.maximumPatch else {
                throw RunnerError(.tooLarge, "A patch may have \(Self.maximumPatch) bytes.")
            }
            try file.write(Array(buffer.readableBytesView), at: size)
            size += buffer.readableBytes
        }
        if size > 0 { try await changes.apply(patch: path) }
        return .done
    }

    /// Pushes the changes as one commit to a branch of the repository that was cloned.
    func publish(_ request: Request) async throws -> Response {
        let wish: Publication.Wish
        do {
            let body = try await request.body.collect(upTo: 1 << 18)
            wish = try JSONDecoder().decode(Publication.Wish.self, from: Data(body.readableBytesView))
        } catch is DecodingError {
            throw RunnerError(.invalid, "The body is not the JSON that is expected here.")
        }
        guard let prepared = await preparer.prepared else {
            throw RunnerError(.conflict, "The workspace was not prepared.")
        }
        let publication = Publication(git: git, prepared: prepared) { stops in
            for pid in ProcessTable.agents() { kill(pid, stops ? SIGSTOP : SIGCONT) }
        }
        let record = try await publication.run(wish)
        return try .json(["branch": record.branch, "commit": record.commit])
    }

    private func changes() async throws -> WorkspaceChanges {
        guard let prepared = await preparer.prepared else {
            throw RunnerError(.conflict, "The workspace was not prepared.")
        }
        return WorkspaceChanges(git: git, base: prepared.base)
    }
}
