import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import AnycodeRunner

@Suite struct SlowReaderTests {
    /// One that never reads holds up nobody: the events stay on disk until it does.
    @Test func aReaderThatDoesNotReadHoldsUpNobody() async throws {
        try await RunnerHarness.run { runner in
            try await defineFlood(runner)
            _ = try await runner.post(#"{"id":0,"method":"m"}"#, agent: "flood")
            let idle = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.autoRead, value: false)
                .connect(unixDomainSocketPath: runner.folder + "/s").get()
            let head = "GET /v1/acp/s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(RunnerHarness.token)\r\n\r\n"
            try await idle.writeAndFlush(ByteBuffer(string: head)).get()
            #expect(try await runner.post(#"{"id":1,"method":"m"}"#, agent: "flood").status == 200)
            let ids = try await runner.client.events("s") { try await $0.collect { $0.id == 42 } }.compactMap(\.id)
            #expect(ids == Array(1...42))
            try await idle.close().get()
        }
    }

    /// An agent that answers each request after two megabytes of notifications.
    private func defineFlood(_ runner: RunnerHarness) async throws {
        let path = runner.folder + "/flood.sh"
        let script = """
            text=$(printf '%0100000d' 0)
            n=0
            while IFS= read -r line; do
              i=0
              while [ $i -lt 20 ]; do printf '{"method":"n","params":"%s"}\\n' "$text"; i=$((i+1)); done
              printf '{"id":%s,"result":1}\\n' $n
              n=$((n+1))
            done
            """
        try runner.write(script, to: path)
        _ = try await runner.client.send("PUT", "/anycode/v1/agents/flood", #"{"command":["/bin/sh","\#(path)"]}"#)
    }
}
