#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One request and its response on a connection of its own.
struct Exchange: ~Copyable {
    private static let bodyLimit = 64 << 20

    private let connection: UnixConnection
    private let path: String

    init(_ socketPath: String, _ method: String, _ target: String, body: Data?) throws(ControlError) {
        path = socketPath
        let length = body.map { "Content-Type: application/json\r\nContent-Length: \($0.count)\r\n" } ?? ""
        let head = "\(method) \(target) HTTP/1.1\r\nHost: anycode\r\nConnection: close\r\n\(length)\r\n"
        connection = try Self.send(Array(head.utf8) + (body ?? Data()), to: socketPath)
    }

    /// The body of a success; anything else is thrown.
    consuming func wholeBody(within patience: Duration) throws(ControlError) -> [UInt8] {
        var reader = HTTPResponseReader()
        var body: [UInt8] = []
        let limit = ContinuousClock.now + patience
        while !reader.isComplete {
            let left = Int32(max(0, (limit - ContinuousClock.now) / .milliseconds(1)))
            guard let bytes = try next(&reader, within: left) else {
                if left == 0 { throw Self.silence }
                continue
            }
            body += bytes
            guard body.count <= Self.bodyLimit else {
                throw ControlError(.badAnswer, "The daemon's answer is too long.")
            }
        }
        try Self.check(reader.status, body)
        return body
    }

    /// Hands over each line of the body; `nil` when `milliseconds` went by without a byte.
    consuming func lines(
        tickEvery milliseconds: Int32, patience: Duration, _ body: ([UInt8]?) throws(ControlError) -> Bool
    ) throws(ControlError) {
        var reader = HTTPResponseReader()
        var pending: [UInt8] = []
        let limit = ContinuousClock.now + patience
        while !reader.isComplete {
            guard let bytes = try next(&reader, within: milliseconds) else {
                if reader.status == nil, ContinuousClock.now >= limit { throw Self.silence }
                guard try body(nil) else { return }
                continue
            }
            pending += bytes
            guard pending.count <= Self.bodyLimit else {
                throw ControlError(.badAnswer, "The daemon's line is too long.")
            }
            if reader.status != 200 { continue }
            while let end = pending.firstIndex(of: 10) {
                let line = Array(pending[..<end])
                pending.removeSubrange(...end)
                // Empty lines keep the connection alive.
                if !line.isEmpty, try !body(line) { return }
            }
        }
        try Self.check(reader.status, pending)
    }

    /// Further bytes of the body, or `nil` when none came in time.
    private borrowing func next(
        _ reader: inout HTTPResponseReader, within milliseconds: Int32
    ) throws(ControlError) -> [UInt8]? {
        do {
            switch try connection.read(within: milliseconds) {
            case .bytes(let bytes): return try reader.read(bytes)
            case .end:
                try reader.close()
                return []
            case .timedOut: return nil
            }
        } catch let error as UnixConnection.Failure {
            throw Self.unreachable(path, error.words)
        } catch {
            throw ControlError(.unreachable, "The daemon ended in the middle of its answer.", hint: "see its log")
        }
    }

    private static func check(_ status: Int?, _ body: [UInt8]) throws(ControlError) {
        if let status, (200..<300).contains(status) { return }
        if let refusal = try? WireCoding.decode(Refusal.self, from: Data(body)) { throw ControlError(refusal) }
        throw ControlError(
            status == 404 ? .notFound : .badAnswer, "The daemon answered with status \(status ?? 0).",
            hint: "compare anycodectl --version with anycodectl version")
    }

    private static func send(_ request: [UInt8], to path: String) throws(ControlError) -> UnixConnection {
        do {
            let connection = try UnixConnection(path: path)
            try connection.write(request)
            return connection
        } catch {
            throw unreachable(path, error.words)
        }
    }

    private static var silence: ControlError {
        ControlError(.unreachable, "The daemon does not answer.", hint: "see its log")
    }

    private static func unreachable(_ path: String, _ reason: String) -> ControlError {
        ControlError(
            .unreachable, "No daemon answers at \(path): \(reason).",
            hint: "start it with anycode --config config.toml, or name its socket with --socket")
    }
}
