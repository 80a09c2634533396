#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The compact file that carries requests and answers over a cut of the log.
struct RequestIndex: Sendable {
    /// Longer answers are not kept beyond the cut; their ids are.
    static let maximumAnswer = 256 << 10
    /// Of all answers together the newest are kept, bytes.
    static let maximumAnswers = 8 << 20

    let path: String
    private var file: OpenFile?

    /// Opens the index and restores the ledger; returns the number of the newest event it knows.
    static func open(_ path: String, into ledger: inout RequestLedger) throws(RunnerError) -> (RequestIndex, UInt64) {
        var index = RequestIndex(path: path, file: nil)
        guard fileExists(path) else { return (index, 0) }
        let file = try OpenFile.open(path, O_RDONLY)
        index.file = file
        let end = file.size
        var offset = 0
        var lastEvent: UInt64 = 0
        while let record = try LogRecord.read(file, at: offset, end: end) {
            let start = offset + LogRecord.headerBytes
            offset = start + record.payload.count
            if record.kind == .indexHead {
                lastEvent = record.number
                ledger.processStarted(UInt64(String(decoding: record.payload, as: UTF8.self)) ?? 0)
            } else if let entry = Entry(record.payload) {
                let position = EventLog.Position(segment: 0, offset: start + entry.bodyOffset, count: entry.bodyCount)
                restore(record, entry, position, into: &ledger)
            }
        }
        return (index, lastEvent)
    }

    private static func restore(
        _ record: LogRecord, _ entry: Entry, _ position: EventLog.Position, into ledger: inout RequestLedger
    ) {
        switch record.kind {
        case .indexAnswered: ledger.remember(entry.id, .init(method: entry.method, entry: .answered(position)))
        case .indexAnswerCut: ledger.remember(entry.id, .init(method: entry.method, entry: .answerCut))
        case .indexRunning: ledger.remember(entry.id, .init(method: entry.method, entry: .running))
        case .indexPending: ledger.restorePending(entry.id, .init(event: record.number, position: position))
        case .event, .sent, .started, .indexHead: break
        }
    }

    func payload(at position: EventLog.Position) throws(RunnerError) -> [UInt8] {
        guard let file else { throw RunnerError(.gone, "This part of the log was cut.") }
        return try file.read(at: position.offset, count: position.count)
    }

    /// Writes the ledger so that it survives the loss of `segments`, and makes its positions point into the index.
    mutating func rewrite(
        _ ledger: inout RequestLedger, losing segments: Set<UInt64>, lastEvent: UInt64,
        payload: (EventLog.Position) throws(RunnerError) -> [UInt8]
    ) throws(RunnerError) {
        var out = LogRecord(kind: .indexHead, number: lastEvent, payload: Array(String(ledger.incarnation).utf8))
            .encoded
        var moved = ledger
        func put(_ kind: LogRecord.Kind, _ number: UInt64, _ entry: Entry, _ body: [UInt8]) -> EventLog.Position {
            let head = entry.head
            let start = out.count + LogRecord.headerBytes + head.count
            out += LogRecord(kind: kind, number: number, payload: head + body).encoded
            return EventLog.Position(segment: 0, offset: start, count: body.count)
        }
        var excess = -Self.maximumAnswers
        for case .answered(let position) in ledger.entries.map(\.request.entry) { excess += position.count }
        for (id, request) in ledger.entries {
            let entry = Entry(id: id, method: request.method)
            switch request.entry {
            case .answered(let position) where position.segment == 0 || segments.contains(position.segment):
                guard position.count <= Self.maximumAnswer, excess <= 0 else {
                    excess -= position.count
                    _ = put(.indexAnswerCut, 0, entry, [])
                    moved.remember(id, .init(method: request.method, entry: .answerCut))
                    continue
                }
                let place = put(.indexAnswered, 0, entry, try payload(position))
                moved.remember(id, .init(method: request.method, entry: .answered(place)))
            case .answerCut:
                _ = put(.indexAnswerCut, 0, entry, [])
            case .running, .answered:
                // An answer in a surviving segment is found again when that segment is read.
                _ = put(.indexRunning, 0, entry, [])
            }
        }
        for (id, pending) in ledger.pending
        where pending.position.segment == 0 || segments.contains(pending.position.segment) {
            let place = put(.indexPending, pending.event, Entry(id: id, method: ""), try payload(pending.position))
            moved.restorePending(id, .init(event: pending.event, position: place))
        }
        try replaceFile(path, with: out)
        file = try OpenFile.open(path, O_RDONLY)
        ledger = moved
    }
}

extension RequestIndex {
    /// Id and method, each ended by a line break (neither can contain one), before the body.
    private struct Entry {
        var id: MessageID
        var method: String
        var bodyOffset = 0
        var bodyCount = 0

        init(id: MessageID, method: String) {
            self.id = id
            self.method = method
        }

        init?(_ payload: [UInt8]) {
            guard let idEnd = payload.firstIndex(of: 0x0A),
                let methodEnd = payload[(idEnd + 1)...].firstIndex(of: 0x0A)
            else { return nil }
            id = MessageID(json: String(decoding: payload[..<idEnd], as: UTF8.self))
            method = String(decoding: payload[(idEnd + 1)..<methodEnd], as: UTF8.self)
            bodyOffset = methodEnd + 1
            bodyCount = payload.count - bodyOffset
        }

        var head: [UInt8] { Array(id.json.utf8) + [0x0A] + Array(method.utf8) + [0x0A] }
    }
}
