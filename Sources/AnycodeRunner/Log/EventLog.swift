import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The append-only log of one agent server: both directions, in segment files.
///
/// Whole segments are cut, oldest first, behind what a client acknowledged or when the total exceeds its limit.
package final class EventLog: Sendable {
    package struct Limits: Sendable {
        /// Size at which a new segment file begins, bytes.
        package var segmentBytes = 4 << 20
        /// Size of all segments above which the oldest are cut, bytes.
        package var totalBytes = 64 << 20

        package init() {}
    }

    /// Where a payload lies. Segment 0 is the index.
    struct Position: Sendable, Equatable {
        var segment: UInt64
        var offset: Int
        var count: Int
    }

    struct Segment: Sendable {
        var sequence: UInt64
        var file: OpenFile
        var length: Int
        var firstEvent: UInt64?
        var lastEvent: UInt64?
    }

    private struct State {
        var segments: [Segment] = []
        var lastEvent: UInt64 = 0
        var listeners: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var nextListener: UInt64 = 0
    }

    let directory: String
    private let limits: Limits
    private let state = Mutex(State())

    /// Opens or creates the log, handing every intact record in order to `replay`.
    init(
        directory: String, limits: Limits, lastEvent: UInt64, replay: (LogRecord, Position) -> Void
    ) throws(RunnerError) {
        self.directory = directory
        self.limits = limits
        try makeDirectory(directory)
        var segments: [Segment] = []
        for name in directoryNames(directory) where name.hasSuffix(".seg") {
            guard let sequence = UInt64(name.dropLast(4)) else { continue }
            segments.append(try Self.recover(directory + "/" + name, sequence: sequence, replay))
        }
        let highest = max(lastEvent, segments.compactMap(\.lastEvent).max() ?? 0)
        if segments.isEmpty { segments.append(try Self.create(in: directory, sequence: 1)) }
        let recovered = segments
        state.withLock {
            $0.segments = recovered
            $0.lastEvent = highest
        }
    }

    /// Number of the newest event; 0 before the first.
    package var lastEvent: UInt64 { state.withLock(\.lastEvent) }

    /// The oldest event still kept; one past the newest when none is.
    var firstEvent: UInt64 {
        state.withLock { state in state.segments.lazy.compactMap(\.firstEvent).first ?? state.lastEvent + 1 }
    }

    /// Bytes of all segments.
    var size: Int { state.withLock { $0.segments.reduce(0) { $0 + $1.length } } }

    /// Appends an event under the next number.
    func appendEvent(_ payload: [UInt8]) throws(RunnerError) -> (number: UInt64, position: Position) {
        try append(.event, number: nil, payload)
    }

    /// Appends a record that is not an event.
    @discardableResult
    func append(_ kind: LogRecord.Kind, number: UInt64 = 0, _ payload: [UInt8]) throws(RunnerError) -> Position {
        try append(kind, number: number, payload).position
    }

    private func append(
        _ kind: LogRecord.Kind, number: UInt64?, _ payload: [UInt8]
    ) throws(RunnerError) -> (number: UInt64, position: Position) {
        let (result, listeners) = try state.withLock {
            state throws(RunnerError) -> ((UInt64, Position), [AsyncStream<Void>.Continuation]) in
            if let active = state.segments.last, active.length >= limits.segmentBytes { try roll(&state) }
            let event = number == nil
            let number = number ?? state.lastEvent + 1
            let last = state.segments.count - 1
            let offset = state.segments[last].length
            let bytes = LogRecord(kind: kind, number: number, payload: payload).encoded
            do throws(RunnerError) {
                try state.segments[last].file.write(bytes, at: offset)
            } catch {
                state.segments[last].file.truncate(to: offset)
                throw error
            }
            state.segments[last].length += bytes.count
            if event {
                state.lastEvent = number
                state.segments[last].firstEvent = state.segments[last].firstEvent ?? number
                state.segments[last].lastEvent = number
            }
            let position = Position(
                segment: state.segments[last].sequence, offset: offset + LogRecord.headerBytes, count: payload.count)
            return ((number, position), event ? Array(state.listeners.values) : [])
        }
        for listener in listeners { listener.yield() }
        return result
    }

    private func roll(_ state: inout State) throws(RunnerError) {
        state.segments.append(try Self.create(in: directory, sequence: (state.segments.last?.sequence ?? 0) + 1))
    }
}

// MARK: - Cutting

extension EventLog {
    /// Segments that may go: wholly behind `acknowledged`, or the oldest while the total is above its limit.
    func expendable(acknowledged: UInt64) throws(RunnerError) -> Set<UInt64> {
        try state.withLock { state throws(RunnerError) in
            if let active = state.segments.last, let last = active.lastEvent, last <= acknowledged,
                active.length > limits.segmentBytes / 16
            {
                try roll(&state)
            }
            var total = state.segments.reduce(0) { $0 + $1.length }
            var found: Set<UInt64> = []
            for segment in state.segments.dropLast() {
                guard (segment.lastEvent ?? 0) <= acknowledged || total > limits.totalBytes else { break }
                found.insert(segment.sequence)
                total -= segment.length
            }
            return found
        }
    }

    func remove(_ sequences: Set<UInt64>) {
        state.withLock { state in state.segments.removeAll { sequences.contains($0.sequence) } }
        for sequence in sequences { unlink(Self.path(directory, sequence)) }
    }
}

// MARK: - Reading

extension EventLog {
    func payload(at position: Position) throws(RunnerError) -> [UInt8] {
        let file = state.withLock { state in state.segments.first { $0.sequence == position.segment }?.file }
        guard let file else { throw RunnerError(.gone, "This part of the log was cut.") }
        let bytes = try file.read(at: position.offset, count: position.count)
        guard bytes.count == position.count else { throw RunnerError(.storage, "The log is shorter than it was.") }
        return bytes
    }

    /// The segment a reader at `cursor` begins with.
    func segment(containing event: UInt64) -> Segment? {
        state.withLock { state in
            state.segments.last { ($0.firstEvent ?? .max) <= event } ?? state.segments.first
        }
    }

    /// The segment as it is now, or nil once it was cut.
    func segment(_ sequence: UInt64) -> Segment? {
        state.withLock { state in state.segments.first { $0.sequence == sequence } }
    }

    func segment(after sequence: UInt64) -> Segment? {
        state.withLock { state in state.segments.first { $0.sequence > sequence } }
    }

    /// A signal for each batch of new events; at most one is kept, so a slow reader costs nothing.
    func listen() -> (signals: AsyncStream<Void>, signal: AsyncStream<Void>.Continuation) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextListener += 1
            state.listeners[state.nextListener] = continuation
            return state.nextListener
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in _ = state.listeners.removeValue(forKey: id) }
        }
        return (stream, continuation)
    }

    /// Readers that are listening now.
    var listenerCount: Int { state.withLock { $0.listeners.count } }
}

// MARK: - Files

extension EventLog {
    private static func path(_ directory: String, _ sequence: UInt64) -> String {
        let digits = String(sequence)
        return directory + "/" + String(repeating: "0", count: 20 - digits.count) + digits + ".seg"
    }

    private static func create(in directory: String, sequence: UInt64) throws(RunnerError) -> Segment {
        let file = try OpenFile.open(path(directory, sequence), O_RDWR | O_CREAT | O_TRUNC)
        return Segment(sequence: sequence, file: file, length: 0)
    }

    private static func recover(
        _ path: String, sequence: UInt64, _ replay: (LogRecord, Position) -> Void
    ) throws(RunnerError) -> Segment {
        var segment = Segment(sequence: sequence, file: try OpenFile.open(path, O_RDWR), length: 0)
        let end = segment.file.size
        while let record = try LogRecord.read(segment.file, at: segment.length, end: end) {
            let start = segment.length + LogRecord.headerBytes
            replay(record, Position(segment: sequence, offset: start, count: record.payload.count))
            segment.length = start + record.payload.count
            guard record.kind == .event else { continue }
            segment.firstEvent = segment.firstEvent ?? record.number
            segment.lastEvent = record.number
        }
        if segment.length < end { segment.file.truncate(to: segment.length) }
        return segment
    }
}
