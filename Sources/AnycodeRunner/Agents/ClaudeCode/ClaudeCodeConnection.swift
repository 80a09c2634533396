import AnycodeJSON
import NIOCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Claude Code as an ACP agent: the official program, with its own protocol on its standard streams.
final class ClaudeCodeConnection: AgentConnection {
    private struct State {
        var translation: ClaudeCodeTranslation
        var process: AgentProcess?
        var hasEnded = false
    }

    private let program: ClaudeCodeProgram
    private let limits: AgentProcess.Limits
    private let group: any EventLoopGroup
    private let clock: any Clock<Duration>
    private let state: Mutex<State>
    private let started: AsyncStream<AgentProcess>
    private let starter: AsyncStream<AgentProcess>.Continuation
    private let client = ClientQueue()

    init(_ launch: AgentLaunch, limits: AgentProcess.Limits, group: any EventLoopGroup, clock: any Clock<Duration>) {
        program = ClaudeCodeProgram(launch: launch)
        self.limits = limits
        self.group = group
        self.clock = clock
        state = Mutex(
            State(
                translation: ClaudeCodeTranslation(directory: launch.directory, mayBypass: program.mayBypass)))
        // One at a time: the next is started when the one before has ended.
        (started, starter) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func run(_ receive: @escaping @Sendable ([AgentOutput]) async -> Void) async -> AgentEnd {
        let end = await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.client.run(receive) }
            var end = AgentEnd(exit: ProcessExit(code: 0), message: "")
            for await process in started {
                end = await process.run { lines in
                    self.state.withLock { state in
                        self.client.read(lines) { _ = self.perform(state.translation.fromProgram($0), &state) }
                    }
                    await self.client.deliver(receive)
                }
                if !goesOn(after: end) { break }
            }
            state.withLock { $0.hasEnded = true }
            client.finish()
            return end
        }
        await client.deliver(receive)
        return end
    }

    func send(_ message: Message) -> Bool {
        guard let parsed = try? JSON(parsing: message.bytes) else { return true }
        let json = AttachedImages.added(to: parsed, workspace: program.launch.directory)
        let isTaken = state.withLock { state in
            !state.hasEnded && perform(state.translation.fromClient(json), &state)
        }
        client.wake()
        return isTaken
    }

    func end() async {
        let process = state.withLock { state in
            state.hasEnded = true
            return state.process
        }
        starter.finish()
        await process?.end()
    }
}

// MARK: - Between the two

extension ClaudeCodeConnection {
    /// Called under the state's lock, which keeps the order; false when the program does not take what it is told.
    private func perform(_ outputs: [ClaudeCodeTranslation.Output], _ state: inout State) -> Bool {
        var isTaken = true
        for output in outputs {
            switch output {
            case .client(let json): client.push(json)
            case .program(let json):
                isTaken = (state.process?.send(json.bytes) ?? false) && isTaken
            case .start(let start):
                isTaken = launch(start, &state) && isTaken
            }
        }
        return isTaken
    }

    private func launch(_ start: ClaudeCodeTranslation.Start, _ state: inout State) -> Bool {
        var id = UUID().uuidString.lowercased()
        if case .resume(let known) = start { id = known }
        let launch = program.launch(session: id, resumes: start != .new)
        do {
            let process = try AgentProcess(launch, limits: limits, group: group, clock: clock)
            state.process = process
            starter.yield(process)
            return perform(
                state.translation.started(session: id, instructions: program.instructions), &state)
        } catch {
            return perform(state.translation.ended(error.description).outputs, &state)
        }
    }

    private func goesOn(after end: AgentEnd) -> Bool {
        state.withLock { state in
            state.process = nil
            let (outputs, goesOn) = state.translation.ended(end.message)
            _ = perform(outputs, &state)
            client.wake()
            return goesOn && !state.hasEnded
        }
    }
}
