import AnycodeControl
import Foundation
import Synchronization
import Testing

@testable import AnycodeServer

/// The real server over a real socket, asked by the real client.
@Suite struct ControlServerTests {
    private func asked<Answer: Sendable>(
        _ backend: FakeBackend = FakeBackend(), _ ask: @escaping @Sendable (ControlClient) throws -> Answer
    ) async throws -> Answer {
        try await withDirectory { directory in
            let path = directory + "/c.sock"
            return try await serving(backend, at: path) { _ in
                try await blocking { try ask(ControlClient(socketPath: path)) }
            }
        }
    }

    @Test func answersWhatItIsAsked() async throws {
        let backend = FakeBackend()
        let (version, tree, live, all, detail) = try await asked(backend) { client in
            (
                try client.version(), try client.tree(), try client.sessions(), try client.sessions(all: true),
                try client.session("3f9a1c20")
            )
        }
        #expect(version == backend.version())
        #expect(tree == (try? backend.tree()))
        #expect(live == backend.summaries)
        #expect(all.count == 2)
        #expect(detail.summary == backend.summaries[0])
    }

    @Test func cancelIsPassedOnWithWhoAsked() async throws {
        let backend = FakeBackend()
        let answer = try await asked(backend) { try $0.cancel("3f9a", by: "ana") }
        #expect(answer == CancelAnswer(id: "3f9a", state: "working"))
        let account = PeerAccount.name(of: geteuid())
        #expect(
            backend.orders == [.init(verb: "cancel", target: "3f9a", asker: Asker(name: "ana", account: account))])
    }

    @Test func ordersArriveWithTheAccountBehindThem() async throws {
        let backend = FakeBackend()
        try await asked(backend) { client in
            _ = try client.restart("upkeep/reaper", by: "ana")
            _ = try client.destroy("1ea5e", by: "ana")
            let left = try client.drain(within: .seconds(3), by: "ana")
            #expect(left.left == backend.summaries && !left.leavesNothing)
            _ = try client.undrain(by: "ana")
        }
        #expect(
            backend.orders.map { "\($0.verb) \($0.target)" } == [
                "restart upkeep/reaper", "destroy 1ea5e", "drain 3.0", "undrain ",
            ])
        #expect(backend.orders.allSatisfy { $0.asker.account == PeerAccount.name(of: geteuid()) })
    }

    @Test func streamsAreReadToTheirEnd() async throws {
        let backend = FakeBackend()
        let (events, pieces, resources, findings) = try await asked(backend) { client in
            var events: [TreeEvent] = []
            try client.events(follows: true) { event in
                events.append(event)
                return true
            }
            var pieces: [LogEntry] = []
            try client.log("3f9a1c20", follows: false) { piece in
                pieces.append(piece)
                return true
            }
            #expect(throws: ControlError.self) { try client.log("77", follows: false) { _ in true } }
            return (events, pieces, try client.resources(), try client.findings())
        }
        #expect(events == backend.remembered + backend.remembered)
        #expect(pieces == backend.pieces)
        #expect(resources == backend.found)
        #expect(findings == backend.findings())
    }

    @Test(arguments: [("3f", ControlError.Code.ambiguous), ("77", .notFound), ("bad", .refused)])
    func refusalsKeepTheirMeaning(prefix: String, code: ControlError.Code) async throws {
        let error = try await asked { client -> ControlError? in
            #expect(throws: ControlError.self) { try client.session(prefix) }
        }
        #expect(error?.code == code)
    }

    @Test func unknownPathsAreNotFound() async throws {
        let text = try await withDirectory { directory in
            let path = directory + "/c.sock"
            return try await serving(FakeBackend(), at: path) { _ in
                try await blocking {
                    try rawExchange(path, "GET /v2/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                }
            }
        }
        #expect(text.hasPrefix("HTTP/1.1 404"))
        #expect(text.hasSuffix("\"message\":\"No such thing: GET /v2/x.\"}"))
    }

    @Test(arguments: ["", "{}", "{\"by\":\"\"}", "{\"by\":1}"]) func cancelNeedsAPerson(body: String) async throws {
        let backend = FakeBackend()
        let text = try await withDirectory { directory in
            let path = directory + "/c.sock"
            return try await serving(backend, at: path) { _ in
                try await blocking {
                    let head = "POST /v1/sessions/3f/cancel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                    return try rawExchange(path, head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
                }
            }
        }
        #expect(text.hasPrefix("HTTP/1.1 400"))
        #expect(backend.orders.isEmpty)
    }

    @Test func watchTellsEachChange() async throws {
        let backend = FakeBackend()
        let trees = ["a", "b", "c"].map { TreeNode(id: $0) }
        trees.forEach { backend.news.yield($0) }
        backend.news.finish()
        let seen = try await asked(backend) { client in
            var seen: [TreeNode] = []
            try client.watchTree { change in
                if case .tree(let tree) = change { seen.append(tree) }
                return true
            }
            return seen
        }
        #expect(seen == trees)
    }

    @Test func stoppingEndsWatchesInPeace() async throws {
        let backend = FakeBackend()
        try await withDirectory { directory in
            let path = directory + "/c.sock"
            let (ready, readying) = AsyncStream.makeStream(of: Void.self)
            let (seen, told) = AsyncStream.makeStream(of: Void.self)
            async let watched: Void = {
                for await _ in ready { break }
                try await blocking {
                    try ControlClient(socketPath: path).watchTree { change in
                        if case .tree = change { told.yield() }
                        return true
                    }
                }
            }()
            try await serving(backend, at: path) { _ in
                readying.yield()
                backend.news.yield(TreeNode(id: "a"))
                for await _ in seen { break }
            }
            // The stream came to its proper end: anything else would be an error here.
            try await watched
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func socketIsForItsOwnerAlone() async throws {
        try await withDirectory { directory in
            let path = directory + "/new/deep/c.sock"
            let modes = try await serving(FakeBackend(), at: path) { _ in
                try [path, directory + "/new/deep"].map { path in
                    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                }
            }
            #expect(modes == [0o600, 0o700])
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/new/deep") == [])
        }
    }

    @Test func secondDaemonNamesTheFirst() async throws {
        try await withDirectory { directory in
            let path = directory + "/c.sock"
            let error = try await serving(FakeBackend(), at: path) { _ in
                await #expect(throws: ServerError.self) {
                    try await serving(FakeBackend(), at: path) { _ in }
                }
            }
            #expect(error?.code == .alreadyRunning)
            #expect(error?.message.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
        }
    }

    @Test func restartTakesThePlaceOfTheOneBefore() async throws {
        try await withDirectory { directory in
            let path = directory + "/c.sock"
            for _ in 0..<3 {
                let version = try await serving(FakeBackend(), at: path) { _ in
                    try await blocking { try ControlClient(socketPath: path).version() }
                }
                #expect(version.pid == 7)
            }
        }
    }
}
