import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

@Suite struct ProcessTreeTests {
    @Test func closingEndsEverythingTheAgentStarted() async throws {
        try await RunnerHarness.run { runner in
            try await runner.defineShellAgent()
            let answer = try await runner.post(#"{"id":1,"method":"family"}"#).text
            let echo = try await runner.post(#"{"id":2,"method":"echo"}"#).text
            let pids = (answer + echo).split { !$0.isNumber }.compactMap { Int32($0) }.filter { $0 > 2 }
            #expect(pids.count == 3)
            // One of them left the session and ignores the polite signal.
            for pid in pids { #expect(ProcessTable.entry(pid)?.isZombie == false) }
            #expect(try await runner.client.send("DELETE", "/v1/acp/s").status == 204)
            for pid in pids { #expect(ProcessTable.entry(pid)?.isZombie ?? true) }
            #expect(try await runner.client.send("GET", "/v1/health").text.contains(#""running":false"#))
            let last = try await runner.client.events("s", after: 2) { try await $0.next() }
            #expect(last.data.contains("_adapter/agent_exited"))
        }
    }

    @Test func stoppingTheRunnerEndsItsAgents() async throws {
        try await withTemporaryDirectory(prefix: "r") { directory in
            let text = try await RunnerHarness.run(in: directory.path) { runner in
                try await runner.defineShellAgent()
                return try await runner.post(#"{"id":1,"method":"family"}"#).text
            }
            for pid in text.split(whereSeparator: { !$0.isNumber }).compactMap({ Int32($0) }).filter({ $0 > 2 }) {
                #expect(ProcessTable.entry(pid)?.isZombie ?? true)
            }
            #expect(!FileManager.default.fileExists(atPath: directory.path + "/s"))
        }
    }

    @Test func namesWithParenthesesDoNotConfuseTheTable() async throws {
        let own = try #require(ProcessTable.entry(ProcessInfo.processInfo.processIdentifier))
        #expect(own.pid == ProcessInfo.processInfo.processIdentifier)
        #expect(!own.isZombie)
        #expect(ProcessTable.entry(Int32.max) == nil)
    }
}
