import Hummingbird
import Synchronization
import TestSupport
import Testing

@testable import AnycodeRunner

@Suite struct EventStreamTests {
    /// Keeps what was written; `suspends` makes it a client that does not read.
    private final class Sink: Sendable {
        let text = Mutex("")
        let grown: AsyncStream<Void>
        let growth: AsyncStream<Void>.Continuation

        init() { (grown, growth) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

        var all: String { text.withLock { $0 } }

        func wait(for part: String) async {
            if all.contains(part) { return }
            for await _ in grown where all.contains(part) { return }
        }
    }

    private struct Writer: ResponseBodyWriter {
        let sink: Sink

        mutating func write(_ buffer: ByteBuffer) async throws {
            sink.text.withLock { $0 += String(buffer: buffer) }
            sink.growth.yield()
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    private func withServer(_ body: @Sendable (AgentServer) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let server = try AgentServer(
                identity: ServerIdentity(serverID: "s", agent: "a", createdAtMs: 0, marker: "m"),
                directory: directory.path, settings: .init(), jobs: Jobs()
            ) { _, _ in FakeConnection() }
            try await body(server)
        }
    }

    @Test func silenceIsBrokenByHeartbeatsOnly() async throws {
        try await withServer { server in
            let (clock, sink) = (ManualClock(), Sink())
            var settings = EventStream.Settings()
            settings.clock = clock
            let stream = EventStream(server: server, cursor: 0, settings: settings)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var writer: any ResponseBodyWriter = Writer(sink: sink)
                    try await stream.run(to: &writer)
                }
                try await clock.waitForSleepers(count: 1)
                #expect(!sink.all.contains("heartbeat"))
                clock.advance(by: .seconds(15))
                await sink.wait(for: ": heartbeat\n\n")
                _ = try server.log.appendEvent(Array(#"{"method":"n"}"#.utf8))
                await sink.wait(for: "id: 1\nevent: message\ndata: {\"method\":\"n\"}\n\n")
                group.cancelAll()
                while await group.nextResult() != nil {}
            }
            #expect(server.log.listenerCount == 0)
        }
    }
}
