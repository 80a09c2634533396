import AnycodeAgent
import AnycodeCore
import AnycodeJSON
import AnycodeRuntime
import Foundation
import HTTPTransport

/// The synchronous stages of one streamed delta, each by itself, in microseconds of CPU.
enum StageBench {
    private static let count = 200_000

    static func run(into table: inout BudgetTable) throws {
        table.begin("CPU of a delta's synchronous stages, each by itself")
        let wire = (1...count).map { number in
            Array("id: \(number)\nevent: message\ndata: \(message(number))\n\n".utf8)
        }
        let data = (1...count).map { Array(message($0).utf8) }
        let texts = (1...count).map { "\($0).1234567890 " }
        var parser = ServerSentEventParser()
        try time("server-sent event", into: &table) { for bytes in wire { _ = try parser.receive(bytes) } }
        try time("JSON", into: &table) { for bytes in data { _ = try JSON(parsing: bytes) } }
        var decoder = ACPDecoder()
        try time("JSON and ACP", into: &table) { for bytes in data { _ = decoder.decode(bytes) } }
        var gate = MaskingGate(
            masker: SecretMasker(secrets: [Secret("a-secret-that-nobody-says"), Secret("token-0123456789")]))
        try time("masking", into: &table) {
            for (number, text) in texts.enumerated() {
                _ = gate.pass([AgentStreamItem(number: Int64(number + 1), events: [.text(text)])])
            }
        }
        var machine = try workingMachine()
        try time("machine", into: &table) {
            for (number, text) in texts.enumerated() {
                _ = machine.handle(.streamed([.text(text)]), at: .seconds(10) + .microseconds(number))
            }
        }
        try time("entry to JSON", into: &table) {
            for text in texts { _ = try TranscriptEntry.text(text).storedBytes() }
        }
    }

    private static func message(_ number: Int) -> String {
        """
        {"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"bench","update":{"sessionUpdate":\
        "agent_message_chunk","content":{"type":"text","text":"\(number).1234567890 "}}}}
        """
    }

    private static func time(_ name: String, into table: inout BudgetTable, _ body: () throws -> Void) throws {
        let before = Usage.cpu
        try body()
        table.add(name, (Usage.cpu - before) / Double(count) * 1e6, "µs")
    }

    /// A session's machine in its first turn.
    private static func workingMachine() throws -> SessionMachine {
        let header = SessionHeader(
            id: SessionID("0123456789abcdef0123456789abcdef"),
            conversation: Conversation(chat: ChatID(platform: PlatformID("timed"), value: "chat")),
            starter: Person(id: PersonID("bench"), name: "bench"), agent: AgentName("bench"), prompt: "job",
            lease: LeaseID("0123456789abcdef0123456789abcdef"), provider: ProviderID("link"), source: nil, token: "t")
        var machine = SessionMachine(
            header: header, state: SessionState(header: header), policy: SessionPolicy(), makeID: { "id" })
        func handle(_ event: SessionEvent) { _ = machine.handle(event, at: .seconds(1)) }
        handle(.started)
        handle(.acquired(RunnerHealth(version: "bench", logID: "bench", agentIsRunning: false)))
        handle(.prepared(PreparedWorkspace(base: "base", branch: nil, path: "/workspace/repo")))
        while let call = machine.state.outbound.first {
            handle(.callAccepted(call))
            switch call {
            case .initialize(let id): handle(.streamed([.initialized(id, AgentCapabilities())]))
            case .openSession(let id, _):
                handle(.streamed([.sessionOpened(id, AgentSession(id: AgentSessionID("bench")))]))
            default: break
            }
        }
        guard machine.state.phase == .working else { throw LiveBenchError(words: "the machine does not work") }
        return machine
    }
}
