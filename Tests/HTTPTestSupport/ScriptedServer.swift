import Foundation
import Synchronization

/// A server that does to each connection exactly what the test says, on a thread per connection.
package final class ScriptedServer: Sendable {
    package typealias Script = @Sendable (ScriptedConnection) -> Void

    package let port: Int
    package let socketPath: String?
    private let listener: Int32
    private let open = Mutex<(connections: [ScriptedConnection], isStopped: Bool)>(([], false))

    package var url: String { socketPath == nil ? "http://127.0.0.1:\(port)" : "http://runner" }
    /// Connections accepted so far.
    package var connectionCount: Int { open.withLock { $0.connections.count } }

    package init(unix: Bool = false, _ script: @escaping Script) throws {
        if unix {
            let path = FileManager.default.temporaryDirectory.path + "/s-\(UUID().uuidString.prefix(8)).sock"
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            self.listener = listener
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard result == 0 else { throw POSIXError(.EADDRINUSE) }
            (socketPath, port) = (path, 0)
        } else {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            self.listener = listener
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) + getsockname(listener, $0, &length)
                }
            }
            guard result == 0 else { throw POSIXError(.EADDRINUSE) }
            (socketPath, port) = (nil, Int(UInt16(bigEndian: address.sin_port)))
        }
        guard listen(listener, 4096) == 0 else { throw POSIXError(.EADDRINUSE) }
        let thread = Thread { [self] in accept(script) }
        thread.start()
    }

    /// Ends all connections and the listener. The listener's number is given to others afterwards: only once.
    package func stop() {
        let connections: [ScriptedConnection]? = open.withLock {
            if $0.isStopped { return nil }
            $0.isStopped = true
            return $0.connections
        }
        guard let connections else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        for connection in connections { connection.abort() }
        if let socketPath { unlink(socketPath) }
    }

    private func accept(_ script: @escaping Script) {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor < 0 { break }
            let connection = ScriptedConnection(descriptor)
            let isStopped = open.withLock {
                $0.connections.append(connection)
                return $0.isStopped
            }
            if isStopped { connection.abort() }
            let thread = Thread {
                script(connection)
                connection.close()
            }
            thread.stackSize = 256 * 1024
            thread.start()
        }
        Glibc.close(listener)
    }
}

/// One accepted connection. Calls block; they return at once when the connection is gone.
package final class ScriptedConnection: Sendable {
    package struct Request: Sendable {
        package var line: String
        package var headers: [String: String]
        package var body: [UInt8]

        package var method: String { String(line.prefix { $0 != " " }) }
        package var path: String { String(line.split(separator: " ").dropFirst().first ?? "") }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let descriptor: Int32
    private let state = Mutex<(buffer: [UInt8], isClosed: Bool)>(([], false))

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    var pollDescriptor: Int32 { descriptor }

    /// Reads one request with its body; `nil` when the peer hung up.
    package func readRequest() -> Request? {
        guard let head = read(through: Array("\r\n\r\n".utf8)) else { return nil }
        var lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n").filter { !$0.isEmpty }
        guard !lines.isEmpty else { return nil }
        var request = Request(line: lines.removeFirst(), headers: [:], body: [])
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            request.headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        if let length = request.headers["content-length"].flatMap({ Int($0) }) {
            guard let body = read(count: length) else { return nil }
            request.body = body
        }
        return request
    }

    @discardableResult
    package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// A whole answer with its length.
    @discardableResult
    package func answer(_ status: String = "200 OK", headers: String = "", _ body: String = "") -> Bool {
        write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    /// Head of a chunked answer.
    @discardableResult
    package func startChunks(_ type: String = "text/plain") -> Bool {
        write("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    @discardableResult
    package func chunk(_ text: String) -> Bool {
        write(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
    }

    /// Blocks until the peer hangs up.
    package func waitForHangUp() {
        var bytes = [UInt8](repeating: 0, count: 1024)
        while recv(descriptor, &bytes, bytes.count, 0) > 0 {}
    }

    /// Sends a reset instead of an orderly end.
    package func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close()
    }

    /// Makes every blocked call return.
    package func abort() {
        state.withLock {
            if !$0.isClosed { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    package func close() {
        state.withLock {
            if !$0.isClosed { _ = Glibc.close(descriptor) }
            $0.isClosed = true
        }
    }

    private func read(through end: [UInt8]) -> [UInt8]? {
        while true {
            let found: [UInt8]? = state.withLock { state in
                guard let range = state.buffer.firstRange(of: end) else { return nil }
                defer { state.buffer.removeSubrange(..<range.upperBound) }
                return Array(state.buffer[..<range.upperBound])
            }
            if let found { return found }
            guard receive() else { return nil }
        }
    }

    private func read(count: Int) -> [UInt8]? {
        while true {
            let found: [UInt8]? = state.withLock { state in
                guard state.buffer.count >= count else { return nil }
                defer { state.buffer.removeFirst(count) }
                return Array(state.buffer.prefix(count))
            }
            if let found { return found }
            guard receive() else { return nil }
        }
    }

    private func receive() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count > 0 { state.withLock { $0.buffer += bytes[..<count] } }
        return count > 0
    }
}

extension ScriptedConnection {
    /// Whether the peer has stopped reading: nothing more fits into the socket.
    package func wouldBlock() -> Bool {
        var state = pollfd(fd: pollDescriptor, events: Int16(POLLOUT), revents: 0)
        // Long enough for a reader that does read to make room, so that only a stopped one counts.
        return poll(&state, 1, 200) == 0
    }
}
