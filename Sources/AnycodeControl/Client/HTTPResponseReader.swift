#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads one HTTP/1.1 response from bytes as they come: head, then a body by length, in chunks, or up to the end.
struct HTTPResponseReader {
    struct Failure: Error, Equatable {
        let reason: String
    }

    private enum State {
        case head
        case length(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailers
        case untilClose
        case complete
    }

    private static let headLimit = 65_536

    private(set) var status: Int?
    private var state = State.head
    private var buffer: [UInt8] = []

    var isComplete: Bool {
        if case .complete = state { true } else { false }
    }

    /// Takes bytes from the peer and returns what they add to the body.
    mutating func read(_ bytes: some Sequence<UInt8>) throws(Failure) -> [UInt8] {
        buffer.append(contentsOf: bytes)
        var body: [UInt8] = []
        while try step(&body) {}
        return body
    }

    /// The peer has closed.
    mutating func close() throws(Failure) {
        switch state {
        case .untilClose: state = .complete
        case .complete: break
        default: throw Failure(reason: "the connection was cut")
        }
    }

    /// Does one step; false when more bytes are needed.
    private mutating func step(_ body: inout [UInt8]) throws(Failure) -> Bool {
        switch state {
        case .head: return try readHead()
        case .length(let left):
            let taken = take(left)
            body += taken
            state = left == taken.count ? .complete : .length(left - taken.count)
            return false
        case .untilClose:
            body += take(.max)
            return false
        case .chunkSize:
            guard let line = try takeLine() else { return false }
            let digits = line.prefix { $0 != ";" && $0 != " " }
            guard let size = Int(digits, radix: 16), size >= 0 else { throw Failure(reason: "a bad chunk size") }
            state = size == 0 ? .trailers : .chunk(size)
            return true
        case .chunk(let left):
            let taken = take(left)
            body += taken
            state = left == taken.count ? .chunkEnd : .chunk(left - taken.count)
            return !buffer.isEmpty
        case .chunkEnd:
            guard let line = try takeLine() else { return false }
            guard line.isEmpty else { throw Failure(reason: "a bad chunk") }
            state = .chunkSize
            return true
        case .trailers:
            guard let line = try takeLine() else { return false }
            if line.isEmpty { state = .complete }
            return !line.isEmpty
        case .complete: return false
        }
    }

    private mutating func readHead() throws(Failure) -> Bool {
        let end: [UInt8] = [13, 10, 13, 10]
        guard let range = buffer.firstRange(of: end) else {
            guard buffer.count <= Self.headLimit else { throw Failure(reason: "an endless head") }
            return false
        }
        let head = String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
        buffer.removeSubrange(..<range.upperBound)
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw Failure(reason: "no HTTP answer")
        }
        guard status >= 200 else { return true }
        self.status = status
        state = try bodyState(status: status, headers: lines.dropFirst())
        return true
    }

    private func bodyState(status: Int, headers: some Sequence<Substring>) throws(Failure) -> State {
        var length: Int?
        for line in headers {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].drop { $0 == " " }.lowercased()
            if name == "transfer-encoding", value.hasSuffix("chunked") { return .chunkSize }
            if name == "content-length" {
                guard let number = Int(value), number >= 0 else { throw Failure(reason: "a bad length") }
                length = number
            }
        }
        if status == 204 || status == 304 || length == 0 { return .complete }
        return length.map(State.length) ?? .untilClose
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(buffer.prefix(count))
        buffer.removeFirst(taken.count)
        return taken
    }

    private mutating func takeLine() throws(Failure) -> String? {
        guard let end = buffer.firstRange(of: [13, 10] as [UInt8]) else {
            guard buffer.count <= Self.headLimit else { throw Failure(reason: "an endless line") }
            return nil
        }
        let line = String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
        buffer.removeSubrange(..<end.upperBound)
        return line
    }
}
