import Synchronization

@testable import AnycodeRunner

/// An agent that says what the test tells it to.
final class FakeConnection: AgentConnection {
    private let output: AsyncStream<AgentOutput>
    private let speaker: AsyncStream<AgentOutput>.Continuation
    private let received = Mutex<[String]>([])
    private let last = Mutex(AgentEnd(exit: ProcessExit(code: 0), message: ""))

    init() {
        (output, speaker) = AsyncStream.makeStream(of: AgentOutput.self)
    }

    var heard: [String] { received.withLock { $0 } }

    func say(_ text: String) {
        speaker.yield(Message(Array(text.utf8)).map { .message($0) } ?? .invalid(Array(text.utf8)))
    }

    func exit(_ end: AgentEnd) {
        last.withLock { $0 = end }
        speaker.finish()
    }

    func run(_ receive: @escaping @Sendable ([AgentOutput]) async -> Void) async -> AgentEnd {
        for await item in output { await receive([item]) }
        return last.withLock { $0 }
    }

    func send(_ message: Message) -> Bool {
        received.withLock { $0.append(String(decoding: message.bytes, as: UTF8.self)) }
        return true
    }

    func end() async {
        speaker.finish()
    }
}
