/// A record of the log: a length, a checksum, a kind, a number and the payload.
///
/// Length and checksum come first, so that a record torn by a crash is recognised and dropped.
struct LogRecord: Sendable, Equatable {
    enum Kind: UInt8, Sendable {
        /// Agent to client; the number is the event id.
        case event = 1
        /// Client to agent.
        case sent = 2
        /// A new agent process; the number counts them.
        case started = 3
        // Only in the index that outlives cut segments:
        case indexHead = 16
        case indexAnswered = 17
        case indexRunning = 18
        case indexPending = 19
        case indexAnswerCut = 20
    }

    static let headerBytes = 17
    /// No record is longer; a longer length field means that the file is damaged.
    static let maximumPayload = 256 << 20

    var kind: Kind
    var number: UInt64
    var payload: [UInt8]

    struct Header {
        var payloadBytes: Int
        var checksum: UInt32
        var kind: UInt8
        var number: UInt64

        init?(_ bytes: some RandomAccessCollection<UInt8>) {
            guard bytes.count >= LogRecord.headerBytes else { return nil }
            var rest = bytes.makeIterator()
            func integer(_ count: Int) -> UInt64 {
                (0..<count).reduce(0) { value, _ in value << 8 | UInt64(rest.next() ?? 0) }
            }
            payloadBytes = Int(integer(4))
            checksum = UInt32(integer(4))
            kind = UInt8(integer(1))
            number = integer(8)
            guard payloadBytes <= LogRecord.maximumPayload else { return nil }
        }
    }

    var encoded: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.headerBytes + payload.count)
        func put(_ value: UInt64, _ count: Int) {
            for index in (0..<count).reversed() { out.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
        }
        put(UInt64(payload.count), 4)
        put(0, 4)
        out.append(kind.rawValue)
        put(number, 8)
        out.append(contentsOf: payload)
        let sum = Checksum.crc32(out[8...])
        for index in 0..<4 { out[4 + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(index))) }
        return out
    }

    /// The record at `offset` of a file; nil when it is missing, torn or damaged.
    static func read(_ file: OpenFile, at offset: Int, end: Int) throws(RunnerError) -> LogRecord? {
        guard offset + headerBytes <= end else { return nil }
        guard let header = Header(try file.read(at: offset, count: headerBytes)),
            offset + headerBytes + header.payloadBytes <= end
        else { return nil }
        return parse(try file.read(at: offset, count: headerBytes + header.payloadBytes)[...])
    }

    /// The record that `bytes` begin with; nil when it is not whole or damaged.
    static func parse(_ bytes: ArraySlice<UInt8>) -> LogRecord? {
        guard let header = Header(bytes), let kind = Kind(rawValue: header.kind),
            bytes.count >= headerBytes + header.payloadBytes
        else { return nil }
        let record = bytes.prefix(headerBytes + header.payloadBytes)
        guard Checksum.crc32(record.dropFirst(8)) == header.checksum else { return nil }
        return LogRecord(kind: kind, number: header.number, payload: Array(record.dropFirst(headerBytes)))
    }
}

/// CRC-32 as in zlib.
enum Checksum {
    private static let table: [UInt32] = (0..<256).map { seed in
        (0..<8).reduce(UInt32(seed)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        table.withUnsafeBufferPointer { table in
            bytes.withUnsafeBufferPointer { bytes in
                for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8) }
            }
        }
        return ~sum
    }
}
