import AnycodeJSON

/// One call to a server that speaks for an agent.
struct ServerRequest: Sendable, Hashable {
    var method: String
    /// From the server's root, query included.
    var path: String
    var headers: [String: String] = [:]
    var body: JSON?
    /// From the first byte sent to the last one received.
    var timeout: Duration = .seconds(30)

    init(_ method: String, _ path: String, _ body: JSON? = nil, timeout: Duration = .seconds(30)) {
        self.method = method
        self.path = path
        self.body = body
        self.timeout = timeout
    }

    /// Percent-encodes a query value or path segment.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { out, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                out.append("%")
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            }
        }
    }
}

/// What came back; a status of zero means that nothing did.
struct ServerAnswer: Sendable, Hashable {
    var status: Int
    var body: [UInt8] = []
    /// Why there is no answer.
    var problem = ""

    var isSuccess: Bool { (200..<300).contains(status) }
    var isMissing: Bool { status == 0 }
    var json: JSON? { try? JSON(parsing: body) }

    /// The server's own words for a refusal, as the servers that are spoken to here put them.
    var words: String {
        guard !isMissing else { return problem }
        let json = self.json ?? .null
        let first = json["errors"]?.array?.first
        let text =
            json["data"]?.text("message") ?? json.text("message") ?? json.text("detail") ?? json.text("title")
            ?? first?.text("message") ?? json.text("error") ?? json.text("_tag")
        return CodexTool.shortened(text ?? "The server answered with status \(status).", 1000)
    }
}

/// One server-sent event.
struct ServerEvent: Sendable, Hashable {
    var id: String?
    var name = "message"
    var data: [UInt8] = []
}

/// Cuts the bytes of an event stream into events, however they arrive.
struct ServerEventParser: Sendable {
    enum Failure: Error { case tooLong }

    private let limit: Int
    private var line: [UInt8] = []
    private var event = ServerEvent()
    private var hasData = false
    private var endedWithReturn = false

    init(limit: Int) {
        self.limit = limit
    }

    mutating func receive(_ bytes: some Sequence<UInt8>) throws(Failure) -> [ServerEvent] {
        var events: [ServerEvent] = []
        for byte in bytes {
            let isSecondHalf = endedWithReturn && byte == 0x0A
            endedWithReturn = byte == 0x0D
            if isSecondHalf { continue }
            guard byte != 0x0A, byte != 0x0D else {
                if let event = endLine() { events.append(event) }
                continue
            }
            line.append(byte)
            guard line.count + event.data.count <= limit else { throw .tooLong }
        }
        return events
    }

    private mutating func endLine() -> ServerEvent? {
        defer { line = [] }
        guard !line.isEmpty else {
            defer {
                event = ServerEvent(id: event.id)
                hasData = false
            }
            return hasData ? event : nil
        }
        guard line[0] != UInt8(ascii: ":") else { return nil }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == 0x20 { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            if hasData { event.data.append(0x0A) }
            event.data += value
            hasData = true
        case "event": event.name = String(decoding: value, as: UTF8.self)
        case "id": event.id = String(decoding: value, as: UTF8.self)
        default: break
        }
        return nil
    }
}
