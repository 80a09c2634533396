/// Reads events after a cursor from the log's files, one bounded batch at a time.
///
/// It holds no events: a slow client is fed from disk at its own speed.
struct EventReader {
    enum Item: Equatable {
        case event(number: UInt64, payload: [UInt8])
        /// Events that were cut before this reader came to them, both ends included.
        case gap(from: UInt64, to: UInt64)
    }

    private let log: EventLog
    private var cursor: UInt64
    private var sequence: UInt64?
    private var file: OpenFile?
    private var offset = 0
    /// What was read of the file, and from where.
    private var block: [UInt8] = []
    private var blockStart = 0

    /// Bytes read from a file at a time.
    private static let blockBytes = 64 << 10

    init(log: EventLog, after cursor: UInt64) {
        self.log = log
        self.cursor = cursor
    }

    /// The next events, about `limit` bytes of them (at least one event); empty when there is nothing new.
    mutating func next(limit: Int) throws(RunnerError) -> [Item] {
        var items: [Item] = []
        var bytes = 0
        guard cursor < log.lastEvent else { return [] }
        if sequence == nil, let start = log.segment(containing: cursor + 1) { enter(start) }
        while bytes < limit, let sequence, let file {
            let live = log.segment(sequence)
            let end = live?.length ?? file.size
            guard let record = try record(in: file, end: end) else {
                // Nothing is appended to a segment once a later one exists.
                guard let next = log.segment(after: sequence) else { break }
                if let now = log.segment(sequence)?.length, now > end { continue }
                enter(next)
                continue
            }
            offset += LogRecord.headerBytes + record.payload.count
            guard record.kind == .event, record.number > cursor else { continue }
            if record.number > cursor + 1 { items.append(.gap(from: cursor + 1, to: record.number - 1)) }
            cursor = record.number
            items.append(.event(number: record.number, payload: record.payload))
            bytes += record.payload.count
        }
        return items.isEmpty ? lostTail() : items
    }

    private mutating func enter(_ segment: EventLog.Segment) {
        sequence = segment.sequence
        file = segment.file
        offset = 0
        block = []
        blockStart = 0
    }

    /// The record at the offset: from the block, else from a new block, else (a long one) by itself.
    private mutating func record(in file: OpenFile, end: Int) throws(RunnerError) -> LogRecord? {
        if let record = LogRecord.parse(block[min(offset - blockStart, block.count)...]) { return record }
        guard offset < end else { return nil }
        block = try file.read(at: offset, count: min(Self.blockBytes, end - offset))
        blockStart = offset
        if let record = LogRecord.parse(block[...]) { return record }
        return try LogRecord.read(file, at: offset, end: end)
    }

    /// Everything up to the newest event was cut and nothing came after it.
    private mutating func lostTail() -> [Item] {
        let last = log.lastEvent
        guard log.firstEvent > last, cursor < last else { return [] }
        defer { cursor = last }
        return [.gap(from: cursor + 1, to: last)]
    }
}
