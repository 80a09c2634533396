/// Clients that wait for answers.
struct AnswerBoard {
    private var waiting: [MessageID: [UInt64: CheckedContinuation<[UInt8], any Error>]] = [:]
    private var lastTicket: UInt64 = 0

    mutating func ticket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    mutating func wait(_ id: MessageID, _ ticket: UInt64, _ continuation: CheckedContinuation<[UInt8], any Error>) {
        waiting[id, default: [:]][ticket] = continuation
    }

    mutating func resolve(_ id: MessageID, with answer: [UInt8]) {
        waiting.removeValue(forKey: id)?.values.forEach { $0.resume(returning: answer) }
    }

    mutating func cancel(_ id: MessageID, _ ticket: UInt64) {
        waiting[id]?.removeValue(forKey: ticket)?.resume(throwing: CancellationError())
        if waiting[id]?.isEmpty == true { waiting.removeValue(forKey: id) }
    }
}
