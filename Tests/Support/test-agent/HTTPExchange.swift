#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One plain HTTP/1.1 request on a connection of its own.
final class HTTPExchange {
    private let socket: Int32
    private let interrupt: Interrupt
    private var buffer: [UInt8] = []
    private var next = 0
    private(set) var status = 0
    private(set) var headers: [String: String] = [:]
    private var isChunked: Bool { headers["transfer-encoding"]?.lowercased() == "chunked" }

    init(
        to host: String, _ port: String, path: String, headers: [(String, String)], body: String,
        orUntil interrupt: Interrupt
    ) throws(TurnEnd) {
        self.interrupt = interrupt
        socket = try Self.connect(host, port)
        var text = "POST \(path) HTTP/1.1\r\nhost: \(host):\(port)\r\nconnection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        text += "content-length: \(body.utf8.count)\r\n\r\n"
        guard writeAll(Array((text + body).utf8), to: socket) else {
            throw .failed("The model at \(host):\(port) closed the connection.")
        }
        try readHead()
    }

    deinit {
        close(socket)
    }

    /// The whole body.
    func body() throws(TurnEnd) -> String {
        var text: [UInt8] = []
        try readBody { (piece) throws(TurnEnd) in text += piece }
        return String(decoding: text, as: UTF8.self)
    }

    /// The body line by line, as it comes.
    func readLines(_ handle: (String) throws(TurnEnd) -> Void) throws(TurnEnd) {
        var line: [UInt8] = []
        try readBody { (piece) throws(TurnEnd) in
            for byte in piece {
                if byte != UInt8(ascii: "\n") {
                    line.append(byte)
                    continue
                }
                try handle(String(decoding: line, as: UTF8.self))
                line = []
            }
        }
    }

    private static func connect(_ host: String, _ port: String) throws(TurnEnd) -> Int32 {
        var hints = addrinfo()
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &found) == 0 else { throw .failed("The host \(host) is not known.") }
        defer { freeaddrinfo(found) }
        var candidate = found
        while let address = candidate?.pointee {
            #if canImport(Glibc)
            let descriptor = Glibc.socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            let connected = descriptor >= 0 && Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0
            #else
            let descriptor = Darwin.socket(address.ai_family, address.ai_socktype, 0)
            let connected = descriptor >= 0 && Darwin.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0
            #endif
            if connected { return descriptor }
            if descriptor >= 0 { close(descriptor) }
            candidate = address.ai_next
        }
        throw .failed("The model at \(host):\(port) cannot be reached.")
    }

    private func readHead() throws(TurnEnd) {
        let first = try line().split(separator: " ")
        guard first.count >= 2, let code = Int(first[1]) else { throw .failed("The model's answer is no HTTP.") }
        status = code
        while true {
            let text = try line()
            if text.isEmpty { return }
            guard let colon = text.firstIndex(of: ":") else { continue }
            let value = text[text.index(after: colon)...].drop { $0 == " " }
            headers[text[..<colon].lowercased()] = String(value)
        }
    }

    private func readBody(_ handle: (ArraySlice<UInt8>) throws(TurnEnd) -> Void) throws(TurnEnd) {
        if isChunked {
            while true {
                guard let size = Int(try line(), radix: 16) else { throw brokenOff }
                if size == 0 { return }
                try take(size, handle)
                _ = try line()
            }
        }
        if let length = headers["content-length"].flatMap({ Int($0) }) { return try take(length, handle) }
        repeat {
            try handle(buffer[next...])
            next = buffer.count
        } while try fill()
    }

    private func take(_ size: Int, _ handle: (ArraySlice<UInt8>) throws(TurnEnd) -> Void) throws(TurnEnd) {
        var left = size
        while left > 0 {
            if next == buffer.count, try !fill() { throw brokenOff }
            let piece = buffer[next..<min(buffer.count, next + left)]
            next += piece.count
            left -= piece.count
            try handle(piece)
        }
    }

    private func line() throws(TurnEnd) -> String {
        var text: [UInt8] = []
        while true {
            if next == buffer.count, try !fill() { throw brokenOff }
            let byte = buffer[next]
            next += 1
            if byte == UInt8(ascii: "\n") { return String(decoding: text, as: UTF8.self) }
            if byte != UInt8(ascii: "\r") { text.append(byte) }
        }
    }

    private let brokenOff = TurnEnd.failed("The model's answer broke off.")

    /// False at the end of the connection.
    private func fill() throws(TurnEnd) -> Bool {
        try interrupt.wait(for: socket)
        buffer = [UInt8](repeating: 0, count: 65_536)
        next = 0
        let count = recv(socket, &buffer, buffer.count, 0)
        buffer.removeLast(buffer.count - max(0, count))
        return count > 0
    }
}
