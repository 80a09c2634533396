import Hummingbird
import NIOCore

/// The events of one server for one reader, as server-sent events.
struct EventStream: Sendable {
    package struct Settings: Sendable {
        var heartbeat: Duration = .seconds(15)
        /// Bytes read from the log at a time.
        var batchBytes = 256 << 10
        var maximumReaders = 32
        var clock: any Clock<Duration> = ContinuousClock()
    }

    let server: AgentServer
    let cursor: UInt64
    let settings: Settings

    /// Writes until the task is cancelled or the client gone, no faster than the client reads.
    @concurrent
    func run(to writer: inout any ResponseBodyWriter) async throws {
        // Listening starts before the first look at the log: nothing falls between replay and live.
        let (signals, signal) = server.log.listen()
        defer { signal.finish() }
        var reader = EventReader(log: server.log, after: cursor)
        try await writer.write(ByteBuffer(string: ": connected\n\n"))
        for request in try await server.unanswered(upTo: cursor) {
            try await writer.write(Self.frame("event: pending\n", request))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let beats = Heartbeat()
            group.addTask {
                while true {
                    try await settings.clock.sleep(for: settings.heartbeat)
                    beats.due()
                    signal.yield()
                }
            }
            defer { group.cancelAll() }
            var iterator = signals.makeAsyncIterator()
            repeat {
                var wrote = false
                while let buffer = try batch(&reader) {
                    try await writer.write(buffer)
                    wrote = true
                }
                if beats.taken(), !wrote { try await writer.write(ByteBuffer(string: ": heartbeat\n\n")) }
                try Task.checkCancellation()
            } while await iterator.next() != nil
        }
    }

    private func batch(_ reader: inout EventReader) throws -> ByteBuffer? {
        let items = try reader.next(limit: settings.batchBytes)
        guard !items.isEmpty else { return nil }
        var buffer = ByteBuffer()
        for item in items {
            switch item {
            case .event(let number, let payload):
                buffer.writeString("id: \(number)\nevent: message\ndata: ")
                buffer.writeBytes(payload)
                buffer.writeString("\n\n")
            case .gap(let from, let to):
                buffer.writeString("event: gap\ndata: {\"from\":\(from),\"to\":\(to)}\n\n")
            }
        }
        return buffer
    }

    private static func frame(_ head: String, _ payload: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer(string: head + "data: ")
        buffer.writeBytes(payload)
        buffer.writeString("\n\n")
        return buffer
    }
}
