/// Puts the header lines that libcurl delivers together into the final answer's head.
struct ResponseHeadParser {
    enum Step: Equatable {
        case more
        case head(HTTPResponseHead)
        case tooLarge
        case malformed
    }

    private let limit: Int
    private let followsRedirects: Bool
    private var seen = 0
    private var status: Int?
    private var headers: [HTTPHeader] = []

    init(limit: Int, followsRedirects: Bool) {
        self.limit = limit
        self.followsRedirects = followsRedirects
    }

    /// Takes one line with its line end.
    mutating func receive(line: UnsafeRawBufferPointer) -> Step {
        seen += line.count
        if seen > limit { return .tooLarge }
        let text = line.prefix { $0 != 0x0D && $0 != 0x0A }
        if text.starts(with: "HTTP/".utf8) {
            headers = []
            status = Self.status(of: text)
            return status == nil ? .malformed : .more
        }
        // Outside of a head there are only trailers, which nobody asked for.
        guard let status else { return .more }
        if !text.isEmpty {
            guard let header = Self.header(of: text) else { return .malformed }
            headers.append(header)
            return .more
        }
        self.status = nil
        if status < 200 || isFollowed(status) { return .more }
        return .head(HTTPResponseHead(status: status, headers: headers))
    }

    private func isFollowed(_ status: Int) -> Bool {
        followsRedirects && [301, 302, 303, 307, 308].contains(status) && headers.first("location") != nil
    }

    private static func status(of line: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard let space = line.firstIndex(of: 0x20) else { return nil }
        let digits = line[line.index(after: space)...].prefix(3)
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func header(of line: Slice<UnsafeRawBufferPointer>) -> HTTPHeader? {
        guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex else { return nil }
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        var value = line[line.index(after: colon)...].drop(while: isSpace)
        while let last = value.last, isSpace(last) { value = value.dropLast() }
        return HTTPHeader(String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
}
