import NIOCore

/// An agent that speaks ACP itself: one message a line on its standard input and output.
final class ACPConnection: AgentConnection {
    private let process: AgentProcess

    init(_ launch: AgentLaunch, limits: AgentProcess.Limits, group: any EventLoopGroup, clock: any Clock<Duration>)
        throws(RunnerError)
    {
        process = try AgentProcess(launch, limits: limits, group: group, clock: clock)
    }

    func run(_ receive: @escaping @Sendable ([AgentOutput]) async -> Void) async -> AgentEnd {
        await process.run { lines in await receive(lines.compactMap(Self.output)) }
    }

    private static func output(_ line: LineSplitter.Line) -> AgentOutput? {
        switch line {
        case .line(let bytes) where bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 }: nil
        case .line(let bytes): Message(bytes).map { .message($0) } ?? .invalid(Array(bytes.prefix(4096)))
        case .tooLong(let beginning): .invalid(beginning)
        }
    }

    func send(_ message: Message) -> Bool {
        process.send(message.bytes)
    }

    func end() async {
        await process.end()
    }
}
