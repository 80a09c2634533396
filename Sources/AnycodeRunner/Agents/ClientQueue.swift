import AnycodeJSON
import Synchronization

/// Messages of a driven program on their way to the client: handed over in order, whoever brings them.
final class ClientQueue: Sendable {
    private struct State {
        var outputs: [AgentOutput] = []
        var isDelivering = false
    }

    private let state = Mutex(State())
    private let woken: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    init() {
        (woken, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func push(_ message: JSON) {
        guard let message = Message(message.bytes) else { return }
        state.withLock { $0.outputs.append(.message(message)) }
    }

    /// Gives `body` the messages among a program's lines; what is none is told to the client in its place.
    func read(_ lines: [LineSplitter.Line], _ body: (JSON) -> Void) {
        for line in lines {
            switch line {
            case .tooLong(let beginning): state.withLock { $0.outputs.append(.invalid(beginning)) }
            case .line(let bytes):
                if let json = try? JSON(parsing: bytes), json.isObject {
                    body(json)
                } else {
                    state.withLock { $0.outputs.append(.invalid(Array(bytes.prefix(4096)))) }
                }
            }
        }
    }

    /// Hands over what is there; whoever comes first takes it all.
    func deliver(_ receive: @Sendable ([AgentOutput]) async -> Void) async {
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

    /// Hands over whenever it is woken, until `finish`.
    func run(_ receive: @Sendable ([AgentOutput]) async -> Void) async {
        for await _ in woken { await deliver(receive) }
    }

    func wake() {
        waker.yield()
    }

    func finish() {
        waker.finish()
    }
}
