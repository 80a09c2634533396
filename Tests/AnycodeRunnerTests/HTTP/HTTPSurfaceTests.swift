import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

/// The surface as clients see it, over a real Unix socket and with a real process.
@Suite struct HTTPSurfaceTests {
    @Test func theSocketIsItsOwnersAlone() async throws {
        try await RunnerHarness.run { runner in
            let attributes = try FileManager.default.attributesOfItem(atPath: runner.folder + "/s")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test(arguments: ["/v1/health", "/v1/acp/s", "/v1/fs/file?path=x", "/nowhere", "/anycode/v1/workspace/status"])
    func nothingIsShownWithoutTheToken(path: String) async throws {
        try await RunnerHarness.run { runner in
            for token in [nil, "wrong"] {
                let answer = try await TestClient(socket: runner.folder + "/s", token: token).send("GET", path)
                #expect(answer.status == 401)
                #expect(answer.headers["content-type"] == "application/problem+json")
            }
        }
    }

    @Test func healthTellsTheLogAndTheServers() async throws {
        try await withTemporaryDirectory(prefix: "r") { directory in
            let first = try await RunnerHarness.run(in: directory.path) { runner in
                try await runner.defineShellAgent()
                _ = try await runner.post(#"{"jsonrpc":"2.0","id":1,"method":"echo"}"#)
                let health = try await runner.client.send("GET", "/v1/health").text
                #expect(
                    health.contains(#""servers":[{"agent":"shell","last_event_id":1,"running":true,"server_id":"s"}]"#))
                return health
            }
            let second = try await RunnerHarness.run(in: directory.path) { runner in
                try await runner.client.send("GET", "/v1/health").text
            }
            // The end of the agent is an event.
            #expect(
                second
                    == first.replacing(
                        #""last_event_id":1,"running":true"#, with: #""last_event_id":2,"running":false"#))
            try FileManager.default.removeItem(atPath: directory.path + "/state")
            let third = try await RunnerHarness.run(in: directory.path) { runner in
                try await runner.client.send("GET", "/v1/health").text
            }
            #expect(third.prefix(45) != first.prefix(45))
        }
    }

    @Test func headersAndTheFirstPostAreChecked() async throws {
        try await RunnerHarness.run { runner in
            try await runner.defineShellAgent()
            let echo = #"{"jsonrpc":"2.0","id":1,"method":"echo"}"#
            let path = "/v1/acp/s?agent=shell"
            #expect(
                try await runner.client.send("POST", path, echo, headers: ["Content-Type": "text/plain"]).status == 415)
            #expect(try await runner.client.send("POST", path, echo, headers: ["Accept": "text/html"]).status == 406)
            #expect(try await runner.client.send("POST", "/v1/acp/s", echo).status == 400)
            #expect(try await runner.client.send("POST", path, "[]").status == 400)
            #expect(try await runner.client.send("GET", "/v1/acp/s").status == 404)
            #expect(try await runner.client.send("POST", path, echo).status == 200)
            #expect(try await runner.client.send("POST", "/v1/acp/s", echo).status == 200)
            #expect(try await runner.client.send("POST", "/v1/acp/s?agent=demo", echo).status == 409)
            #expect(
                try await runner.client.send("GET", "/v1/acp/s", headers: ["Accept": "application/json"]).status == 406)
            #expect(try await runner.client.send("GET", "/v1/acp/s", headers: ["Last-Event-ID": "99"]).status == 409)
            #expect(runner.heard.count == 1)
        }
    }

    @Test func aMissingProgramIsNamed() async throws {
        try await RunnerHarness.run { runner in
            let command = #"{"command":["no-such-agent","acp"]}"#
            #expect(try await runner.client.send("PUT", "/anycode/v1/agents/mine", command).status == 204)
            let answer = try await runner.post(#"{"id":1,"method":"initialize"}"#, agent: "mine")
            #expect(answer.status == 424)
            #expect(answer.text.contains("no-such-agent") && answer.text.contains("agent_not_installed"))
            #expect(try await runner.post(#"{"id":1,"method":"initialize"}"#, agent: "nobody").status == 400)
            let agents = try await runner.client.send("GET", "/v1/agents").text
            #expect(agents.contains(#""id":"demo","installed":true"#) || agents.contains(#""id":"demo""#))
            #expect(try await runner.client.send("GET", "/v1/agents/mine").text.contains(#""installed":false"#))
            #expect(try await runner.client.send("GET", "/v1/health").text.contains(#""servers":[]"#))
        }
    }

    @Test func theAgentGetsTheSessionsVariablesAndNotTheToken() async throws {
        try await RunnerHarness.run { runner in
            try await runner.defineShellAgent()
            let variables = #"{"variables":{"EXTRA":"given"}}"#
            #expect(try await runner.client.send("PUT", "/anycode/v1/environment", variables).status == 204)
            let answer = try await runner.post(#"{"id":1,"method":"environment"}"#)
            #expect(
                answer.text
                    == #"{"jsonrpc":"2.0","id":1,"result":{"token":"","extra":"given","home":"\#(runner.folder)/home"}}"#
            )
        }
    }

    @Test func everyReaderGetsEveryEventInOrder() async throws {
        try await RunnerHarness.run { runner in
            try await runner.defineShellAgent()
            _ = try await runner.post(#"{"id":0,"method":"echo"}"#)
            try await withThrowingTaskGroup(of: [UInt64].self) { group in
                for cursor in 0..<8 {
                    group.addTask {
                        try await runner.client.events("s", after: cursor == 0 ? nil : UInt64(cursor % 2)) { events in
                            try await events.collect { $0.id == 34 }.compactMap(\.id)
                        }
                    }
                }
                for id in 1...3 { _ = try await runner.post(#"{"id":\#(id),"method":"count"}"#) }
                for try await ids in group { #expect(ids == Array((ids.first ?? 0)...34)) }
            }
        }
    }

    @Test(arguments: [0, 5, 11]) func replayBeginsBehindTheCursor(cursor: UInt64) async throws {
        try await RunnerHarness.run { runner in
            try await runner.defineShellAgent()
            _ = try await runner.post(#"{"id":1,"method":"count"}"#)
            _ = try await runner.post(#"{"id":2,"method":"echo"}"#)
            let events = try await runner.client.events("s", after: cursor) { try await $0.collect { $0.id == 12 } }
            #expect(events.compactMap(\.id) == Array((cursor + 1)...12))
            #expect(events.allSatisfy { $0.name == "message" })
        }
    }

    @Test func anUnansweredQuestionComesAgainAsPending() async throws {
        try await RunnerHarness.run { runner in
            try await runner.defineShellAgent()
            let asking = try await runner.post(#"{"id":1,"method":"ask"}"#, headers: ["Prefer": "respond-async"])
            #expect(asking.status == 202)
            _ = try await runner.client.events("s") { try await $0.collect { $0.id == 1 } }
            let again = try await runner.client.events("s", after: 1) { try await $0.next() }
            #expect(again == .init(id: nil, name: "pending", data: #"{"jsonrpc":"2.0","id":77,"method":"question"}"#))
            for _ in 1...2 { #expect(try await runner.post(#"{"id":77,"result":{"yes":true}}"#).status == 202) }
            let answer = try await runner.post(#"{"id":1,"method":"ask"}"#)
            #expect(answer.text == #"{"jsonrpc":"2.0","id":1,"result":{"told":true}}"#)
            #expect(runner.heard.filter { $0.contains("77") }.count == 1)
        }
    }

    @Test func theEndOfAnAgentIsToldWithItsLastWords() async throws {
        try await RunnerHarness.run { runner in
            try await runner.defineShellAgent()
            let answer = try await runner.post(#"{"id":1,"method":"exit"}"#)
            #expect(answer.text.contains("ended with exit code 7") && answer.text.contains("out of coffee"))
            let again = try await runner.post(#"{"id":2,"method":"echo"}"#)
            #expect(again.status == 200)
            let events = try await runner.client.events("s") { try await $0.collect { $0.id == 3 } }
            #expect(events[0].data.contains(#""method":"_adapter/agent_exited","params":{"success":false,"code":7"#))
        }
    }

    @Test func garbageIsToldInItsPlace() async throws {
        try await RunnerHarness.run { runner in
            try await runner.defineShellAgent()
            _ = try await runner.post(#"{"id":1,"method":"garbage"}"#)
            let event = try await runner.client.events("s") { try await $0.next() }
            #expect(event.data.contains(#""_adapter/invalid_stdout","params":{"line":"no json"}"#))
        }
    }

    @Test func aLineBeyondTheLimitIsCutAndTold() async throws {
        try await RunnerHarness.run {
            $0.maximumLine = 100
        } _: { runner in
            let path = runner.folder + "/long.sh"
            let script = "read -r l; printf '%0200d\\n' 0; printf '{\"id\":1,\"result\":1}\\n'; read -r l"
            try Data(script.utf8).write(to: URL(filePath: path))
            _ = try await runner.client.send("PUT", "/anycode/v1/agents/long", #"{"command":["/bin/sh","\#(path)"]}"#)
            #expect(try await runner.post(#"{"id":1,"method":"m"}"#, agent: "long").status == 200)
            let event = try await runner.client.events("s") { try await $0.next() }
            #expect(event.data.contains("_adapter/invalid_stdout"))
        }
    }

    @Test func acknowledgedEventsMayBeCut() async throws {
        try await RunnerHarness.run {
            $0.log.segmentBytes = 400
        } _: { runner in
            try await runner.defineShellAgent()
            for id in 1...5 { _ = try await runner.post(#"{"id":\#(id),"method":"count"}"#) }
            let path = "/anycode/v1/acp/s/acknowledge"
            #expect(try await runner.client.send("POST", path, #"{"event_id":56}"#).status == 400)
            #expect(try await runner.client.send("POST", path, #"{"event_id":55}"#).status == 204)
            let gap = try await runner.client.events("s") { try await $0.next() }
            #expect(gap == .init(id: nil, name: "gap", data: #"{"from":1,"to":55}"#))
            _ = try await runner.post(#"{"id":1,"method":"count"}"#)
            #expect(runner.heard.count == 5)
        }
    }

    @Test func bodiesAreLimited() async throws {
        try await RunnerHarness.run { runner in
            let long = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
            let answer = try await runner.client.send("PUT", "/anycode/v1/environment", bytes: long)
            #expect(answer.status == 413)
        }
    }

    @Test func filesAreWrittenAndReadBack() async throws {
        try await RunnerHarness.run { runner in
            let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let client = runner.client
            #expect(try await client.send("PUT", "/v1/fs/file?path=a%20b/c.bin", bytes: bytes).status == 200)
            #expect(try await client.send("GET", "/v1/fs/file?path=a%20b/c.bin").body == bytes)
            #expect(try await client.send("GET", "/v1/fs/file?path=nothing").status == 404)
            #expect(try await client.send("GET", "/v1/fs/file?path=a%20b").status == 400)
            #expect(try await client.send("GET", "/v1/fs/stat?path=a%20b").text.contains(#""entryType":"directory""#))
            #expect(try await client.send("GET", "/v1/fs/entries?path=a%20b").text.contains(#""name":"c.bin""#))
            #expect(try await client.send("PUT", "/v1/fs/file?path=~/.secret/key", "k").status == 200)
            let attributes = try FileManager.default.attributesOfItem(atPath: runner.folder + "/home/.secret/key")
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func nothingIsWrittenThroughALinkOfTheWorkspace() async throws {
        try await RunnerHarness.run { runner in
            let manager = FileManager.default
            let outside = runner.folder + "/outside"
            for folder in [outside, runner.workspace] {
                try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            try manager.createSymbolicLink(atPath: runner.workspace + "/.anycode", withDestinationPath: outside)
            try manager.createSymbolicLink(
                atPath: runner.workspace + "/notes.txt", withDestinationPath: outside + "/notes.txt")
            let client = runner.client
            for path in [".anycode/attachments/1-a.png", ".anycode/a.png", "x/../../outside/b", "/../outside/b"] {
                let whole = path.hasPrefix("/") ? runner.workspace + path : path
                let answer = try await client.send("PUT", "/v1/fs/file?path=\(whole)", "secret")
                #expect(answer.status == 400, "\(path): \(answer.text)")
            }
            // The link itself gives way to the file.
            #expect(try await client.send("PUT", "/v1/fs/file?path=notes.txt", "mine").status == 200)
            #expect(try await client.send("GET", "/v1/fs/file?path=notes.txt").text == "mine")
            #expect(try manager.contentsOfDirectory(atPath: outside).isEmpty)
        }
    }

    @Test func aSecondRunnerDoesNotTakeASocketThatIsServed() async throws {
        try await RunnerHarness.run { runner in
            #expect(throws: RunnerError.self) { try ListenAddress.unix(runner.folder + "/s").makeRoom() }
            // Taken down with a connection that it has not taken up yet, SwiftNIO's server would end the process.
            let answer = try await runner.client.send("GET", "/v1/health")
            #expect(answer.status == 200)
        }
    }
}
