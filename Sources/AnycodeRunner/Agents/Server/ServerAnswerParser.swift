/// Reads one HTTP/1.1 answer, however its bytes arrive.
struct ServerAnswerParser: Sendable {
    enum Piece: Sendable, Equatable {
        case head(status: Int)
        case body([UInt8])
        case end
    }

    enum Failure: Error { case malformed }

    private enum State {
        case head
        /// `nil` reads until the connection ends.
        case body(left: Int?)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers
        case done
    }

    private var state = State.head
    private var bytes: [UInt8] = []
    private var isChunked = false
    private var length: Int?
    private var status = 0
    private static let headLimit = 64 << 10

    mutating func receive(_ new: some Collection<UInt8>) throws(Failure) -> [Piece] {
        bytes += new
        var pieces: [Piece] = []
        var goesOn = true
        while goesOn { goesOn = try step(&pieces) }
        return pieces
    }

    /// The connection ended. True when that ended the answer in order.
    var mayEnd: Bool {
        switch state {
        case .body(left: nil), .done: true
        default: false
        }
    }

    private mutating func step(_ pieces: inout [Piece]) throws(Failure) -> Bool {
        switch state {
        case .head: return try headLine(&pieces)
        case .body(let left):
            guard !bytes.isEmpty else { return false }
            let taken = min(left ?? bytes.count, bytes.count)
            pieces.append(.body(Array(bytes.prefix(taken))))
            bytes.removeFirst(taken)
            if let left { state = .body(left: left - taken) }
            if left == taken { finish(&pieces) }
            return false
        case .chunkSize:
            guard let line = try line() else { return false }
            guard let size = Int(line.prefix { $0 != ";" }.filter { $0 != " " }, radix: 16), size >= 0 else {
                throw .malformed
            }
            state = size == 0 ? .trailers : .chunk(left: size)
            return true
        case .chunk(let left):
            guard !bytes.isEmpty else { return false }
            let taken = min(left, bytes.count)
            pieces.append(.body(Array(bytes.prefix(taken))))
            bytes.removeFirst(taken)
            state = left == taken ? .chunkEnd : .chunk(left: left - taken)
            return true
        case .chunkEnd:
            guard let line = try line() else { return false }
            guard line.isEmpty else { throw .malformed }
            state = .chunkSize
            return true
        case .trailers:
            guard let line = try line() else { return false }
            if line.isEmpty { finish(&pieces) }
            return !line.isEmpty
        case .done: return false
        }
    }

    private mutating func headLine(_ pieces: inout [Piece]) throws(Failure) -> Bool {
        guard let line = try line() else { return false }
        guard status > 0 else {
            let words = line.split(separator: " ")
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]) else { throw .malformed }
            status = code
            return true
        }
        guard line.isEmpty else {
            let name = line.prefix { $0 != ":" }.lowercased()
            let value = line.dropFirst(name.count + 1).drop { $0 == " " }
            if name == "content-length" { length = Int(value) }
            if name == "transfer-encoding" { isChunked = value.lowercased().contains("chunked") }
            return true
        }
        if (100..<200).contains(status) {
            (status, length, isChunked) = (0, nil, false)
            return true
        }
        pieces.append(.head(status: status))
        if status == 204 || status == 304 || length == 0 && !isChunked {
            finish(&pieces)
            return false
        }
        state = isChunked ? .chunkSize : .body(left: length)
        return true
    }

    private mutating func finish(_ pieces: inout [Piece]) {
        state = .done
        pieces.append(.end)
    }

    /// The next whole line, without its end.
    private mutating func line() throws(Failure) -> String? {
        guard let end = bytes.firstIndex(of: 0x0A) else {
            if bytes.count > Self.headLimit { throw .malformed }
            return nil
        }
        var line = bytes[..<end]
        if line.last == 0x0D { line.removeLast() }
        defer { bytes.removeSubrange(...end) }
        return String(decoding: line, as: UTF8.self)
    }
}
