import Synchronization
import TestSupport
import Testing

@testable import AnycodeRunner

/// The server with an agent that the test plays.
@Suite struct AgentServerTests {
    private final class Stage: Sendable {
        let jobs = Jobs()
        let clock = ManualClock()
        let made = Mutex<[FakeConnection]>([])

        func server(in folder: String, segment: Int = 4 << 20) throws -> AgentServer {
            var settings = AgentServer.Settings()
            settings.clock = clock
            settings.log.segmentBytes = segment
            return try AgentServer(
                identity: ServerIdentity(serverID: "s", agent: "a", createdAtMs: 0, marker: "m"), directory: folder,
                settings: settings, jobs: jobs
            ) { _, _ in
                let connection = FakeConnection()
                self.made.withLock { $0.append(connection) }
                return connection
            }
        }

        var agents: [FakeConnection] { made.withLock { $0 } }
    }

    private func withServer(
        segment: Int = 4 << 20, _ body: @Sendable (AgentServer, Stage, String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let stage = Stage()
            let path = directory.path
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await stage.jobs.run() }
                let server = try stage.server(in: path, segment: segment)
                try await body(server, stage, path)
                await server.close()
                stage.jobs.finish()
                try await group.waitForAll()
            }
        }
    }

    private func message(_ text: String) throws -> Message {
        try #require(Message(Array(text.utf8)))
    }

    private func request(_ id: Int, _ method: String = "m") throws -> Message {
        try message(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"}"#)
    }

    /// Events from `first` on, once there are `count` of them.
    private func events(_ server: AgentServer, _ count: UInt64, after cursor: UInt64 = 0) async throws -> [String] {
        let (signals, signal) = server.log.listen()
        defer { signal.finish() }
        if server.log.lastEvent < count {
            for await _ in signals where server.log.lastEvent >= count { break }
        }
        var reader = EventReader(log: server.log, after: cursor)
        return try reader.next(limit: 1 << 20).map { item in
            switch item {
            case .event(_, let payload): String(decoding: payload, as: UTF8.self)
            case .gap(let from, let to): "gap \(from)-\(to)"
            }
        }
    }

    @Test func aRepeatedRequestIsAnsweredFromTheLog() async throws {
        try await withServer { server, stage, _ in
            #expect(try await server.post(request(1), waits: false) == .accepted)
            stage.agents[0].say(#"{"id":1,"result":"yes"}"#)
            _ = try await events(server, 1)
            #expect(try await server.post(request(1), waits: true) == .answer(Array(#"{"id":1,"result":"yes"}"#.utf8)))
            #expect(stage.agents[0].heard.count == 1)
        }
    }

    @Test func aRequestThatIsStillRunningIsWaitedForAndGivenOnce() async throws {
        try await withServer { server, stage, _ in
            _ = try await server.post(request(1), waits: false)
            async let first = server.post(request(1), waits: true)
            async let second = server.post(request(1), waits: true)
            try await stage.clock.waitForSleepers(count: 2)
            stage.agents[0].say(#"{"id":1,"result":2}"#)
            let answers = try await [first, second]
            #expect(
                answers == [.answer(Array(#"{"id":1,"result":2}"#.utf8)), .answer(Array(#"{"id":1,"result":2}"#.utf8))])
            #expect(stage.agents[0].heard.count == 1)
        }
    }

    @Test func anIDForAnotherMethodIsRefused() async throws {
        try await withServer { server, _, _ in
            _ = try await server.post(request(1, "a"), waits: false)
            let error = await #expect(throws: RunnerError.self) { try await server.post(request(1, "b"), waits: false) }
            #expect(error?.code == .conflict)
        }
    }

    @Test func aRequestTimesOutAndItsAnswerStillComes() async throws {
        try await withServer { server, stage, _ in
            async let late = server.post(request(1), waits: true)
            try await stage.clock.waitForSleepers(count: 1)
            stage.clock.advance(by: .seconds(120))
            do {
                _ = try await late
                Issue.record("an answer from nowhere")
            } catch let error as RunnerError {
                #expect(error.code == .timeout)
            }
            stage.agents[0].say(#"{"id":1,"result":0}"#)
            #expect(try await events(server, 1) == [#"{"id":1,"result":0}"#])
        }
    }

    @Test func anAgentsQuestionIsDeliveredAgainUntilItIsAnsweredOnce() async throws {
        try await withServer { server, stage, _ in
            _ = try await server.post(request(1), waits: false)
            stage.agents[0].say(#"{"id":5,"method":"ask"}"#)
            _ = try await events(server, 1)
            #expect(try await server.unanswered(upTo: 1) == [Array(#"{"id":5,"method":"ask"}"#.utf8)])
            #expect(try await server.unanswered(upTo: 0).isEmpty)
            let reply = try message(#"{"id":5,"result":true}"#)
            #expect(try await server.post(reply, waits: true) == .accepted)
            #expect(try await server.post(reply, waits: true) == .accepted)
            #expect(stage.agents[0].heard.filter { $0.contains("result") }.count == 1)
            #expect(try await server.unanswered(upTo: 1).isEmpty)
        }
    }

    @Test func theEndOfAnAgentAnswersWhatItLeftOpen() async throws {
        try await withServer { server, stage, _ in
            _ = try await server.post(request(1), waits: false)
            async let waiting = server.post(request(2), waits: true)
            try await stage.clock.waitForSleepers(count: 1)
            stage.agents[0].exit(AgentEnd(exit: ProcessExit(code: 7), message: "out of coffee"))
            guard case .answer(let answer) = try await waiting else { return }
            #expect(String(decoding: answer, as: UTF8.self).contains("out of coffee"))
            let events = try await events(server, 3)
            #expect(events[0].contains(#""success":false,"code":7,"signal":null"#))
            #expect(events[1].contains(#""id":1,"error":{"code":-32050"#))
            #expect(events[2].contains(#""id":2,"error""#))
        }
    }

    @Test func aRequestAfterTheEndStartsAnotherProcessWithDistinctQuestions() async throws {
        try await withServer { server, stage, _ in
            _ = try await server.post(request(1), waits: false)
            stage.agents[0].say(#"{"id":1,"method":"ask"}"#)
            _ = try await events(server, 1)
            stage.agents[0].exit(AgentEnd(exit: ProcessExit(code: 0), message: ""))
            _ = try await events(server, 3)
            _ = try await server.post(request(2), waits: false)
            // A reply to the first process's question must not answer the second's.
            #expect(try await server.post(message(#"{"id":1,"result":"late"}"#), waits: false) == .accepted)
            stage.agents[1].say(#"{"id":1,"method":"ask"}"#)
            let second = try await events(server, 4, after: 3)
            #expect(second == [#"{"id":"2.1","method":"ask"}"#])
            _ = try await server.post(message(#"{"id":"2.1","result":"now"}"#), waits: false)
            #expect(stage.agents[1].heard.last == #"{"id":1,"result":"now"}"#)
            #expect(stage.agents[1].heard.count == 2)
        }
    }

    @Test func outputThatIsNoMessageIsToldAndTheRestGoesOn() async throws {
        try await withServer { server, stage, _ in
            _ = try await server.post(request(1), waits: false)
            stage.agents[0].say("Warning: no json")
            stage.agents[0].say(#"{"id":1,"result":1}"#)
            let events = try await events(server, 2)
            #expect(events[0].contains(#""method":"_adapter/invalid_stdout","params":{"line":"Warning: no json"}"#))
            #expect(events[1] == #"{"id":1,"result":1}"#)
        }
    }

    @Test func aRestartAnswersWhatWasLeftOpenAndKnowsTheRest() async throws {
        try await withServer(segment: 200) { server, stage, folder in
            _ = try await server.post(request(1), waits: false)
            stage.agents[0].say(#"{"id":1,"result":"kept"}"#)
            _ = try await events(server, 1)
            _ = try await server.post(request(2), waits: false)
            // The first server is abandoned as by a kill; another reads its log.
            let next = try stage.server(in: folder)
            #expect(next.wasInterrupted)
            try await next.settleInterruption()
            #expect(next.log.lastEvent == 3)
            #expect(await !next.isRunning)
            #expect(try await next.post(request(1), waits: true) == .answer(Array(#"{"id":1,"result":"kept"}"#.utf8)))
            guard case .answer(let lost) = try await next.post(request(2), waits: true) else { return }
            #expect(String(decoding: lost, as: UTF8.self).contains("-32050"))
            #expect(stage.agents.count == 1)
            #expect(try !stage.server(in: folder).wasInterrupted)
        }
    }

    @Test func aCutKeepsAnswersAndOpenQuestions() async throws {
        try await withServer(segment: 300) { server, stage, folder in
            _ = try await server.post(request(1), waits: false)
            stage.agents[0].say(#"{"id":9,"method":"ask"}"#)
            stage.agents[0].say(#"{"id":1,"result":"kept"}"#)
            for number in 1...40 { stage.agents[0].say(#"{"method":"n","params":\#(number)}"#) }
            _ = try await events(server, 42)
            try await server.acknowledge(42)
            #expect(server.log.firstEvent > 2)
            #expect(try await server.post(request(1), waits: true) == .answer(Array(#"{"id":1,"result":"kept"}"#.utf8)))
            #expect(try await server.unanswered(upTo: 42) == [Array(#"{"id":9,"method":"ask"}"#.utf8)])
            #expect(try await events(server, 42).first == "gap 1-\(server.log.firstEvent - 1)")
            // And over a restart.
            let next = try stage.server(in: folder)
            #expect(try await next.post(request(1), waits: true) == .answer(Array(#"{"id":1,"result":"kept"}"#.utf8)))
            #expect(next.log.lastEvent == 42)
        }
    }

    @Test func acknowledgingTheFutureIsRefused() async throws {
        try await withServer { server, _, _ in
            await #expect(throws: RunnerError.self) { try await server.acknowledge(1) }
        }
    }
}
