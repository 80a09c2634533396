/// What is known about requests of both directions: the memory behind "never given to the agent twice".
struct RequestLedger: Sendable {
    enum Entry: Sendable, Equatable {
        case running
        case answered(EventLog.Position)
        /// Answered, but the answer was too large to be kept beyond the log's cut.
        case answerCut
    }

    struct Request: Sendable, Equatable {
        var method: String
        var entry: Entry
    }

    struct Pending: Sendable, Equatable {
        var event: UInt64
        var position: EventLog.Position
    }

    /// Requests remembered; the oldest answered ones are forgotten beyond it.
    static let maximumRequests = 16_384

    private(set) var requests: [MessageID: Request] = [:]
    private var order: [MessageID] = []
    /// The agent's requests that nobody answered yet, under the ids clients see.
    private(set) var pending: [MessageID: Pending] = [:]
    /// Counts agent processes; ids of later ones are made distinct.
    private(set) var incarnation: UInt64 = 0

    var running: [MessageID] { order.filter { requests[$0]?.entry == .running } }

    mutating func processStarted(_ number: UInt64) {
        incarnation = max(incarnation, number)
        pending.removeAll()
    }

    mutating func processEnded() {
        pending.removeAll()
    }

    mutating func sent(_ message: Message) {
        switch message.kind {
        case .request(let id, let method):
            if requests[id] == nil { remember(id, Request(method: method, entry: .running)) }
        case .response(let id):
            pending.removeValue(forKey: id)
        case .notification:
            break
        }
    }

    /// Notes an event; true when it is the first answer to a running request.
    mutating func received(_ message: Message, event: UInt64, at position: EventLog.Position) -> Bool {
        switch message.kind {
        case .request(let id, _):
            pending[id] = Pending(event: event, position: position)
        case .response(let id):
            guard let request = requests[id], request.entry == .running else { return false }
            requests[id]?.entry = .answered(position)
            return true
        case .notification(let method):
            if method == "_adapter/agent_exited" { processEnded() }
        }
        return false
    }

    mutating func remember(_ id: MessageID, _ request: Request) {
        if requests.updateValue(request, forKey: id) == nil { order.append(id) }
        guard order.count > Self.maximumRequests,
            let oldest = order.firstIndex(where: { requests[$0]?.entry != .running })
        else { return }
        requests.removeValue(forKey: order.remove(at: oldest))
    }

    mutating func restorePending(_ id: MessageID, _ entry: Pending) {
        pending[id] = entry
    }

    /// The agent's requests a client at `cursor` has seen (or cannot see any more) and not answered, oldest first.
    func unanswered(upTo cursor: UInt64, firstKept: UInt64) -> [Pending] {
        pending.values.filter { $0.event <= cursor || $0.event < firstKept }.sorted { $0.event < $1.event }
    }

    /// Every request with its id, oldest first.
    var entries: [(id: MessageID, request: Request)] {
        order.compactMap { id in requests[id].map { (id, $0) } }
    }
}
