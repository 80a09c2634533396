import AnycodeControl
import Foundation
import ScriptedModel
import Testing

/// `kill -9` of the daemon: the agent goes on, and the next start goes on with it.
@Suite struct KillTests {
    enum Moment: Sendable {
        case streaming, asking, permitting, saving
    }

    /// The same task, undisturbed and killed, ends with the same chat. A session that sees three starts within a
    /// minute would be set aside, so two kills are the most it takes.
    @Test(arguments: [[Moment.streaming, .asking], [.permitting, .saving]])
    func killedAtAnyMomentTheChatEndsTheSame(_ moments: [Moment]) async throws {
        async let undisturbed = chat(killing: [])
        async let killed = chat(killing: moments)
        let (expected, found) = try await (undisturbed, killed)
        #expect(expected == found)
    }

    private func chat(killing moments: [Moment]) async throws -> [String] {
        var result: [String] = []
        try await Installation.with { installation in
            try installation.configure()
            var daemon = try installation.daemon()
            daemon.enter("/task slow make it friendlier")
            let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
            var said = ""
            /// Kills the daemon, if it is to die now, and starts it again.
            func pass(_ moment: Moment) async throws {
                guard moments.contains(moment) else { return }
                await daemon.killNow()
                said += daemon.output.text
                daemon = try installation.daemon()
            }
            try await daemon.expect("I will")
            let sandbox = try installation.sandbox(of: session)
            try await pass(.streaming)
            // Asked just before the kill, only its choices are shown again.
            try await daemon.expect(#"Which greeting|\[\d+\] Warm"#)
            try await expectWaiting(installation, session, "question")
            try await pass(.asking)
            try await daemon.press("Brief")
            try await daemon.expect("May it. `Create README.md`")
            try await expectWaiting(installation, session, "permission")
            try await pass(.permitting)
            try await installation.isReady()
            try await expectWaiting(installation, session, "permission")
            try await daemon.press("Allow once")
            try await daemon.expect("May it. `Create scripts/check-welcome.sh`")
            try await daemon.press("Always allow")
            try await daemon.expect("May it. `sh scripts/check-welcome.sh`")
            try await daemon.press("Allow once")
            try await daemon.expect("saving the work")
            try await pass(.saving)
            if !said.contains("completed, sandbox removed") {
                try await daemon.expect("completed, sandbox removed")
            }
            try await installation.isReady()
            let shown = try await installation.show(session)
            #expect(!shown.summary.isLive)
            #expect(shown.summary.state == "completed")
            #expect(sandbox.isGone)
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
            result = try installation.chat(without: [session, installation.path])
        }
        return result
    }

    /// What the tree and the session say while a person is asked.
    private func expectWaiting(_ installation: Installation, _ session: String, _ kind: String) async throws {
        var shown = try await installation.show(session)
        // Just started, the daemon may answer before the session has looked at what it is in the middle of.
        let end = ContinuousClock.now + .seconds(20)
        while shown.summary.state != "waiting", .now < end { shown = try await installation.show(session) }
        #expect(shown.summary.state == "waiting", "\(shown)")
        #expect(shown.interactions.filter { $0.state == "open" }.map(\.kind) == [kind])
        let nodes = try await installation.tree().flattened
        let node = try #require(nodes.first { $0.path.hasPrefix("sessions/\(session)") && $0.waiting != nil })
        let words = kind == "question" ? "answer to \"Which greeting" : "permission `Create README.md`"
        #expect(node.waiting?.reason.contains(words) ?? false, "\(String(describing: node.waiting))")
    }

    /// A session is set aside for crashes only, so a start has to know one from a kill.
    @Test func onlyACrashLeavesAMark() async throws {
        try await Installation.with { installation in
            try installation.configure()
            let mark = installation.path + "/anycode-data/crashed"
            for (signal, isCrash) in [(SIGKILL, false), (SIGILL, true), (SIGABRT, true)] {
                let daemon = try installation.daemon()
                try await installation.isReady()
                #expect(!FileManager.default.fileExists(atPath: mark))
                daemon.signal(signal)
                #expect(await daemon.end() == 128 + signal)
                #expect(FileManager.default.fileExists(atPath: mark) == isCrash)
            }
        }
    }

    @Test func everyWordIsSaidOnce() async throws {
        let letters = Array("abcdefghijklmnopqrst")
        let words = (0..<240).map { "x\(letters[$0 / 20])\(letters[$0 % 20])x" }
        let text = words.enumerated().reduce("") { $0 + $1.element + ($1.offset % 8 == 7 ? "\n\n" : " ") }
        let script = ModelScript(steps: [.init(text, pace: .milliseconds(15))])
        try await withScriptedModel(.init(scripts: [script])) { model in
            try await Installation.with { installation in
                try installation.configureTestAgent(model)
                var daemon = try installation.daemon()
                daemon.enter("/task say the words")
                let session = try await daemon.expect(#"tester · `(\w{8})`"#)[0]
                var said = ""
                for moment in [40, 140] {
                    try await daemon.expect(words[moment])
                    // What is written is noted right after: a kill in between would have it said again.
                    #expect(try await installation.show(session).summary.state == "working")
                    await daemon.killNow()
                    said += daemon.output.text
                    daemon = try installation.daemon()
                }
                try await daemon.expect("completed, sandbox removed")
                daemon.signal(SIGTERM)
                #expect(await daemon.end() == 0)
                said += daemon.output.text
                let chat = try ConsoleJournal.messages(at: installation.path + "/anycode-data/console/console.jsonl")
                let messages = chat.filter { message in words.contains { message.markdown.contains($0) } }
                #expect(messages.count == 1)
                #expect(messages.first?.markdown.split(whereSeparator: \.isWhitespace).map(String.init) == words)
                #expect(said.matches(of: /\bx[a-t]{2}x\b/).map { String($0.output) } == words)
                #expect(model.requests.count == 1)
            }
        }
    }
}

extension TreeNode {
    var flattened: [TreeNode] { [self] + children.flatMap(\.flattened) }
}
