import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An agent's process with its standard streams as lines: what every kind of connection is built on.
final class AgentProcess: Sendable {
    struct Limits: Sendable {
        /// Longest line of output, bytes.
        var lineBytes = 32 << 20
        /// Input that waits for an agent that does not read, bytes.
        var inputBytes = 64 << 20
        /// Time between asking processes to end and killing them.
        var grace: Duration = .seconds(5)
    }

    private struct Streams: Sendable {
        var input: Int32
        var output: Int32
        var error: Int32
    }

    private let child: ChildProcess
    private let streams: Streams
    private let queue: InputQueue
    private let limits: Limits
    private let tree: ProcessTree
    private let group: any EventLoopGroup
    private let clock: any Clock<Duration>
    private let tail = TailBuffer(limit: 2048)

    /// Starts the process. `run` has to be called exactly once afterwards.
    init(_ launch: AgentLaunch, limits: Limits, group: any EventLoopGroup, clock: any Clock<Duration>)
        throws(RunnerError)
    {
        let input = try makePipe()
        let output = try makePipe()
        let error = try makePipe()
        defer { [input.read, output.write, error.write].forEach { close($0) } }
        do {
            child = try ChildProcess(
                ProcessSpawn(
                    executable: launch.executable, arguments: launch.arguments, environment: launch.environment,
                    directory: launch.directory, standardStreams: (input.read, output.write, error.write)))
        } catch {
            [input.write, output.read].forEach { close($0) }
            throw error
        }
        streams = Streams(input: input.write, output: output.read, error: error.read)
        queue = InputQueue(limit: limits.inputBytes)
        tree = ProcessTree(root: child.pid, marker: launch.marker, grace: limits.grace, clock: clock)
        self.limits = limits
        self.group = group
        self.clock = clock
    }

    var hasEnded: Bool { child.hasEnded }

    func send(_ line: [UInt8]) -> Bool {
        queue.push(line)
    }

    /// Ends the input once what was sent is written.
    func closeInput() { queue.finish() }

    /// Asks the process, and what it started in its group, to leave off.
    func interrupt() { child.signalGroup(SIGINT) }

    func end() async {
        queue.finish()
        await tree.end()
    }

    /// Carries lines until the process has ended; then ends whatever it left behind.
    ///
    /// - Parameter sparesOthers: leaves what it left behind alone, and reads no longer than the grace after its end.
    func run(
        sparesOthers: Bool = false, _ receive: @escaping @Sendable ([LineSplitter.Line]) async -> Void
    ) async -> AgentEnd {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.write() }
            tasks.addTask { await self.readError() }
            tasks.addTask { await self.read(sparesOthers: sparesOthers, receive) }
            let exit = await withTaskCancellationHandler {
                await child.exit()
            } onCancel: {
                child.signalGroup(SIGKILL)
            }
            queue.finish()
            if sparesOthers {
                await finishReading(&tasks)
            } else {
                // Whatever the agent left running holds its output open.
                await tree.end()
                await tasks.waitForAll()
            }
            return AgentEnd(exit: exit, message: tail.text)
        }
    }

    private func finishReading(_ tasks: inout TaskGroup<Void>) async {
        let isLate = Mutex(false)
        tasks.addTask { [clock, limits] in
            try? await clock.sleep(for: limits.grace)
            isLate.withLock { $0 = true }
        }
        // Writer, two readers and the grace: all but the last, or the grace first.
        for _ in 0..<3 where !isLate.withLock({ $0 }) { await tasks.next() }
        tasks.cancelAll()
    }

    private func write() async {
        // An agent that closed its input shows in its output or its end.
        guard let channel = try? await PipeChannel.writing(streams.input, on: group) else { return queue.finish() }
        try? await channel.executeThenClose { _, outbound in
            for await line in queue.lines {
                var buffer = ByteBufferAllocator().buffer(capacity: line.count + 1)
                buffer.writeBytes(line)
                buffer.writeInteger(UInt8(ascii: "\n"))
                try await outbound.write(buffer)
                queue.taken(line.count)
            }
        }
        queue.finish()
    }

    private func readError() async {
        guard let channel = try? await PipeChannel.reading(streams.error, on: group) else { return }
        try? await channel.executeThenClose { inbound in
            for try await buffer in inbound { tail.append(buffer.readableBytesView) }
        }
    }

    private func read(
        sparesOthers: Bool, _ receive: @escaping @Sendable ([LineSplitter.Line]) async -> Void
    ) async {
        var splitter = LineSplitter(limit: limits.lineBytes)
        var lines: [LineSplitter.Line] = []
        if let channel = try? await PipeChannel.reading(streams.output, on: group) {
            try? await channel.executeThenClose { inbound in
                for try await buffer in inbound {
                    buffer.withUnsafeReadableBytes { splitter.append($0) { lines.append($0) } }
                    if !lines.isEmpty { await receive(lines) }
                    lines.removeAll(keepingCapacity: true)
                }
            }
        }
        splitter.finish { lines.append($0) }
        if !lines.isEmpty { await receive(lines) }
        // Without its output an agent is of no use.
        if !child.hasEnded, !sparesOthers { await end() }
    }
}
