import AnycodeJSON
import NIOCore
import Synchronization

/// Codex as an ACP agent: the official program's app-server, with its own protocol on its standard streams.
final class CodexConnection: AgentConnection {
    private let directory: String
    private let process: AgentProcess
    private let leftovers: CodexLeftovers
    private let translation: Mutex<CodexTranslation>
    private let client = ClientQueue()

    init(_ launch: AgentLaunch, limits: AgentProcess.Limits, group: any EventLoopGroup, clock: any Clock<Duration>)
        throws(RunnerError)
    {
        let program = try CodexProgram(launch)
        directory = launch.directory
        leftovers = CodexLeftovers(in: launch.directory)
        translation = Mutex(CodexTranslation(directory: launch.directory))
        process = try AgentProcess(program.launch, limits: limits, group: group, clock: clock)
    }

    func run(_ receive: @escaping @Sendable ([AgentOutput]) async -> Void) async -> AgentEnd {
        let end = await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.client.run(receive) }
            let end = await process.run { lines in
                self.translation.withLock { translation in
                    self.client.read(lines) { _ = self.perform(translation.fromProgram($0)) }
                }
                await self.client.deliver(receive)
            }
            client.finish()
            return end
        }
        leftovers.remove()
        translation.withLock { translation in
            if let words = translation.endedEarly(end.message) { _ = perform([words]) }
        }
        await client.deliver(receive)
        return end
    }

    func send(_ message: Message) -> Bool {
        guard let parsed = try? JSON(parsing: message.bytes) else { return true }
        let json = AttachedImages.added(to: parsed, workspace: directory)
        let isTaken = translation.withLock { perform($0.fromClient(json)) }
        client.wake()
        return isTaken
    }

    func end() async {
        await process.end()
    }

    /// Called under the translation's lock, which keeps the order; false when the program does not take what it is told.
    private func perform(_ outputs: [CodexTranslation.Output]) -> Bool {
        var isTaken = true
        for output in outputs {
            switch output {
            case .client(let json): client.push(json)
            case .program(let json): isTaken = process.send(json.bytes) && isTaken
            case .turnEnded: leftovers.remove()
            }
        }
        return isTaken
    }
}
