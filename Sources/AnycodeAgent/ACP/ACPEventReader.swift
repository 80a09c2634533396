import AnycodeCore
import AnycodeJSON
import HTTPTransport
import Synchronization

/// Turns the bytes of a runner's event stream into numbered items.
final class ACPEventReader: Sendable {
    struct Batch {
        var items: [AgentStreamItem] = []
        /// Answers to requests that no person can answer.
        var replies: [JSON] = []
    }

    private let body: HTTPBody
    private let state: Mutex<ACPEventParser>

    init(_ body: HTTPBody, cursor: Int64?, limit: Int) {
        self.body = body
        state = Mutex(ACPEventParser(cursor: cursor, limit: limit))
    }

    /// What arrived together; `nil` at the stream's end.
    func next() async throws(AgentError) -> Batch? {
        while true {
            let received = try await RunnerProblem.translated { () throws(HTTPError) in try await body.next() }
            guard let received else { return nil }
            let batch = try state.withLock { parser throws(AgentError) in try parser.receive(received) }
            if !batch.items.isEmpty { return batch }
        }
    }
}

/// The synchronous part: bytes in, items out.
struct ACPEventParser: Sendable {
    private var events: ServerSentEventParser
    private var decoder = ACPDecoder()
    /// The newest number that was handed out.
    private var last: Int64

    init(cursor: Int64?, limit: Int) {
        events = ServerSentEventParser(limit: limit)
        last = cursor ?? 0
    }

    mutating func receive(_ bytes: [UInt8]) throws(AgentError) -> ACPEventReader.Batch {
        let items: [ServerSentItem]
        do {
            items = try events.receive(bytes)
        } catch {
            throw AgentError(error)
        }
        var batch = ACPEventReader.Batch()
        for case .event(let event) in items {
            switch event.name {
            case "message", "pending": message(event, &batch)
            case "gap": gap(event, &batch)
            default:
                batch.items.append(
                    AgentStreamItem(number: nil, events: [.unknown(type: ACPDecoder.type("event:\(event.name)"))]))
            }
        }
        return batch
    }

    private mutating func message(_ event: ServerSentEvent, _ batch: inout ACPEventReader.Batch) {
        let number = event.name == "message" ? event.id.flatMap { Int64($0) } : nil
        var lost: [AgentEvent] = []
        if let number {
            // Seen before: a repeated replay.
            guard number > last else { return }
            if number > last + 1 { lost = [.gap(from: last + 1, to: number - 1)] }
            last = number
        }
        let decoded = decoder.decode(event.data)
        batch.items.append(AgentStreamItem(number: number, events: lost + decoded.events))
        if let reply = decoded.reply { batch.replies.append(reply) }
    }

    /// A stretch the runner has cut. It moves the cursor: asking again would bring nothing else.
    private mutating func gap(_ event: ServerSentEvent, _ batch: inout ACPEventReader.Batch) {
        guard let json = try? JSON(parsing: event.data), let from = json["from"]?.integer, let to = json["to"]?.integer,
            to > last
        else { return }
        batch.items.append(AgentStreamItem(number: to, events: [.gap(from: max(from, last + 1), to: to)]))
        last = to
    }
}
