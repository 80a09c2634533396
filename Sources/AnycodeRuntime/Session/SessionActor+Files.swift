import AnycodeCore
import Supervision

/// Files on their way from the chat into the workspace.
extension SessionActor {
    /// Fetches each file and writes it; one that cannot be had does not keep the others away.
    func receive(_ files: [IncomingFile]) async {
        guard let connection else { return }
        do {
            var received: [ReceivedFile] = []
            for file in files {
                context.status.wait(for: "file \(file.file.name)", on: header.conversation.chat.platform.rawValue)
                let problem = try await bring(file, to: connection.workspace)
                received.append(ReceivedFile(file, problem: problem))
            }
            enqueue(Input(event: .received(received)))
        } catch {
            return  // cancelled with the session, whose next incarnation begins again
        }
    }

    /// - Returns: why it is not there, in words.
    private func bring(_ incoming: IncomingFile, to workspace: any Workspace) async throws(CancellationError) -> String?
    {
        let limit = runtime.configuration.fileLimit
        if let bytes = incoming.file.bytes, bytes > limit { return Self.tooLarge(limit) }
        guard let platform = runtime.platforms[header.conversation.chat.platform] else { return "its platform is gone" }
        do {
            let bytes = try await fetch(incoming.file, from: platform, limit: limit)
            guard bytes.count <= limit else { return Self.tooLarge(limit) }
            try await retrying(nil) { () async throws(AgentError) in
                try await workspace.write(Array("*\n".utf8), to: "\(SessionMachine.filesFolder)/.gitignore")
                try await workspace.write(bytes, to: incoming.path)
            }
            return nil
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return "\(error)"
        }
    }

    private func fetch(_ file: SentFile, from platform: any ChatPlatform, limit: Int) async throws -> [UInt8] {
        for attempt in 0... {
            let pause: Duration
            do throws(ChatError) {
                return try await platform.fetch(file, limit: limit)
            } catch {
                switch error.code {
                case .cancelled: throw CancellationError()
                case .flood(let retryAfter): pause = retryAfter
                case .unreachable where attempt < 5: pause = .seconds(1 << attempt)
                default: throw error
                }
            }
            try await runtime.clock.sleep(pause)
        }
        return []
    }

    private static func tooLarge(_ limit: Int) -> String { "it is larger than \(limit >> 20) MB" }
}
