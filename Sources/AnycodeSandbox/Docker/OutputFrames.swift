/// Takes apart what a container without a terminal writes: frames of a head of eight bytes and a payload.
///
/// A payload is handed on as it arrives, so that a large frame needs no large buffer.
struct OutputFrames: Sendable {
    enum Stream: UInt8, Hashable, Sendable {
        case standardInput = 0
        case standardOutput = 1
        case standardError = 2
    }

    struct Part: Hashable, Sendable {
        let stream: Stream
        let bytes: [UInt8]
    }

    private var head: [UInt8] = []
    private var stream = Stream.standardOutput
    private var missing = 0

    /// Whether the bytes so far end with a whole frame.
    var isBetweenFrames: Bool { head.isEmpty && missing == 0 }

    mutating func receive(_ bytes: [UInt8]) throws(EngineError) -> [Part] {
        var parts: [Part] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if missing > 0 {
                let payload = rest.prefix(missing)
                parts.append(Part(stream: stream, bytes: Array(payload)))
                missing -= payload.count
                rest = rest.dropFirst(payload.count)
                continue
            }
            let taken = rest.prefix(8 - head.count)
            head += taken
            rest = rest.dropFirst(taken.count)
            if head.count == 8 { try readHead() }
        }
        return parts
    }

    private mutating func readHead() throws(EngineError) {
        guard let stream = Stream(rawValue: head[0]), head[1...3].allSatisfy({ $0 == 0 }) else {
            throw .malformed("its output is not in frames")
        }
        self.stream = stream
        missing = head[4...].reduce(0) { $0 << 8 | Int($1) }
        head = []
    }
}
