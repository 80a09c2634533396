import AnycodeJSON
import NIOCore
import Synchronization

/// Codex as an ACP agent: the official program's app-server, with its own protocol on its standard streams.
final class CodexConnection: AgentConnection {
    private struct State {
        var translation: CodexTranslation
        var outputs: [AgentOutput] = []
        var isDelivering = false
    }

    private let directory: String
    private let process: AgentProcess
    private let leftovers: CodexLeftovers
    private let state: Mutex<State>
    private let woken: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    init(_ launch: AgentLaunch, limits: AgentProcess.Limits, group: any EventLoopGroup, clock: any Clock<Duration>)
        throws(RunnerError)
    {
        let program = try CodexProgram(launch)
        directory = launch.directory
        leftovers = CodexLeftovers(in: launch.directory)
        state = Mutex(State(translation: CodexTranslation(directory: launch.directory)))
        (woken, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        process = try AgentProcess(program.launch, limits: limits, group: group, clock: clock)
    }

    func run(_ receive: @escaping @Sendable ([AgentOutput]) async -> Void) async -> AgentEnd {
        let end = await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { for await _ in self.woken { await self.deliver(receive) } }
            let end = await process.run { lines in
                self.take(lines)
                await self.deliver(receive)
            }
            waker.finish()
            return end
        }
        leftovers.remove()
        state.withLock { state in
            if let words = state.translation.endedEarly(end.message) { _ = perform([words], &state) }
        }
        await deliver(receive)
        return end
    }

    func send(_ message: Message) -> Bool {
        guard let parsed = try? JSON(parsing: message.bytes) else { return true }
        let json = AttachedImages.added(to: parsed, workspace: directory)
        let isTaken = state.withLock { perform($0.translation.fromClient(json), &$0) }
        waker.yield()
        return isTaken
    }

    func end() async {
        await process.end()
    }
}

// MARK: - Between the two

extension CodexConnection {
    /// Hands over what the translation said, in order; whoever comes first takes it all.
    private func deliver(_ receive: @Sendable ([AgentOutput]) async -> Void) async {
        while true {
            let batch = state.withLock { state -> [AgentOutput] in
                guard !state.isDelivering, !state.outputs.isEmpty else { return [] }
                state.isDelivering = true
                defer { state.outputs = [] }
                return state.outputs
            }
            guard !batch.isEmpty else { return }
            await receive(batch)
            state.withLock { $0.isDelivering = false }
        }
    }

    private func take(_ lines: [LineSplitter.Line]) {
        state.withLock { state in
            for line in lines {
                switch line {
                case .tooLong(let beginning): state.outputs.append(.invalid(beginning))
                case .line(let bytes):
                    guard let json = try? JSON(parsing: bytes), json.isObject else {
                        state.outputs.append(.invalid(Array(bytes.prefix(4096))))
                        continue
                    }
                    _ = perform(state.translation.fromProgram(json), &state)
                }
            }
        }
    }

    /// False when the program does not take what it is told.
    private func perform(_ outputs: [CodexTranslation.Output], _ state: inout State) -> Bool {
        var isTaken = true
        for output in outputs {
            switch output {
            case .client(let json):
                if let message = Message(json.bytes) { state.outputs.append(.message(message)) }
            case .program(let json): isTaken = process.send(json.bytes) && isTaken
            case .turnEnded: leftovers.remove()
            }
        }
        return isTaken
    }
}
