/// Splits bytes into server-sent events, however they are cut.
///
/// Follows the HTML standard's "event stream interpretation", with ids reported per event.
package struct ServerSentEventParser: Sendable {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let limit: Int
    /// Start of a line whose end has not come yet.
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var name = ""
    private var id: String?
    private var isAtStart = true
    private var endsWithCarriageReturn = false

    /// - Parameter limit: Bytes that one event, or one line, may have.
    package init(limit: Int = 4 * 1024 * 1024) {
        self.limit = limit
    }

    /// Takes the next bytes and returns what they complete, in order.
    package mutating func receive(_ bytes: [UInt8]) throws(HTTPError) -> [ServerSentItem] {
        var items: [ServerSentItem] = []
        var start = 0
        if endsWithCarriageReturn, let first = bytes.first {
            endsWithCarriageReturn = false
            if first == 0x0A { start = 1 }
        }
        while let end = Self.lineEnd(in: bytes, from: start) {
            if line.isEmpty {
                try finish(line: bytes[start..<end], &items)
            } else {
                try hold(bytes[start..<end])
                let whole = line
                line = []
                try finish(line: whole[...], &items)
            }
            start = end + 1
            guard bytes[end] == 0x0D else { continue }
            if start == bytes.count {
                endsWithCarriageReturn = true
            } else if bytes[start] == 0x0A {
                start += 1
            }
        }
        try hold(bytes[start...])
        return items
    }

    private static func lineEnd(in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBufferPointer { buffer in
            var index = start
            while index < buffer.count {
                if buffer[index] == 0x0A || buffer[index] == 0x0D { return index }
                index += 1
            }
            return nil
        }
    }

    private mutating func hold(_ part: ArraySlice<UInt8>) throws(HTTPError) {
        if part.isEmpty { return }
        try check(line.count + part.count)
        line += part
    }

    private func check(_ size: Int) throws(HTTPError) {
        if data.count + size > limit {
            throw HTTPError(
                .tooLarge, "The server sent an event of more than \(limit) bytes.",
                hint: "Something other than the expected service may answer there.")
        }
    }

    private mutating func finish(line: ArraySlice<UInt8>, _ items: inout [ServerSentItem]) throws(HTTPError) {
        var line = line
        if isAtStart {
            isAtStart = false
            if line.starts(with: Self.byteOrderMark) { line = line.dropFirst(3) }
        }
        if line.isEmpty { return dispatch(&items) }
        guard let colon = line.firstIndex(of: 0x3A) else {
            return try field(line, [], &items)
        }
        var value = line[(colon + 1)...]
        if value.first == 0x20 { value = value.dropFirst() }
        if colon == line.startIndex {
            items.append(.comment(String(decoding: value, as: UTF8.self)))
        } else {
            try field(line[..<colon], value, &items)
        }
    }

    private mutating func field(
        _ field: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, _ items: inout [ServerSentItem]
    ) throws(HTTPError) {
        if field.elementsEqual("data".utf8) {
            try check(value.count + 1)
            if hasData { data.append(0x0A) }
            hasData = true
            data += value
        } else if field.elementsEqual("id".utf8) {
            if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
        } else if field.elementsEqual("event".utf8) {
            name = String(decoding: value, as: UTF8.self)
        } else if field.elementsEqual("retry".utf8) {
            let text = String(decoding: value, as: UTF8.self)
            if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let time = Int32(text) {
                items.append(.retry(.milliseconds(time)))
            }
        }
    }

    private mutating func dispatch(_ items: inout [ServerSentItem]) {
        if hasData {
            items.append(.event(ServerSentEvent(id: id, name: name.isEmpty ? "message" : name, data: data)))
        }
        data = []
        hasData = false
        name = ""
        id = nil
    }
}
