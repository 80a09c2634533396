import Testing

@testable import AnycodeControl

@Suite struct RenderingTests {
    private let tree = TreeNode(
        id: "root", kind: "supervisor", uptime: 7_500, details: ["strategy": "restForOne"],
        children: [
            TreeNode(
                id: "chats", path: "chats", kind: "supervisor", uptime: 7_500, details: ["strategy": "oneForOne"],
                children: [
                    TreeNode(id: "console", path: "chats/console", uptime: 7_500, details: ["status": "connected"]),
                    TreeNode(
                        id: "telegram", path: "chats/telegram", state: "backing off", restarts: 3,
                        lastError: "no route to host", waiting: .init(reason: "restart", seconds: 2, deadline: 6)),
                ]),
            TreeNode(
                id: "sessions", path: "sessions", kind: "dynamic", uptime: 7_500, details: ["limit": "5"],
                abandoned: ["stuck"],
                children: [
                    TreeNode(
                        id: "3f9a1c20aaaabbbbccccddddeeeeffff", path: "sessions/3f9a1c20aaaabbbbccccddddeeeeffff",
                        uptime: 90, waiting: .init(reason: "permission \"rm -rf build\"", on: "Ana", seconds: 41),
                        details: ["label": "claude-code", "cursor": "12"],
                        children: [TreeNode(id: "stream", kind: "part", uptime: 80)])
                ]),
            TreeNode(id: "router", path: "router", state: "ended"),
        ])

    @Test func treeIsDrawn() {
        #expect(
            render(tree, .plain).joined(separator: "\n") == """
                root                      restForOne  up 2 h
                ├ chats                   oneForOne
                │ ├ console               connected
                │ └ telegram              restart, 2 s, 6 s left  restarted 3 times  last error: no route to host
                ├ sessions                1 of 5  abandoned: stuck
                │ └ 3f9a1c20 claude-code  waiting for Ana: permission "rm -rf build", 41 s  cursor: 12
                │   └ stream              up 80 s
                └ router                  ended
                """)
    }

    @Test func treeFitsTheTerminal() {
        let lines = render(tree, Style(isColoured: false, width: 40))
        #expect(lines.allSatisfy { columns(of: $0) <= 40 })
        #expect(lines[5] == "│ └ 3f9a1c20 claude-code  waiting for A…")
    }

    @Test func coloursLeaveTheTextAlone() {
        let coloured = render(tree, Style(isColoured: true)).joined(separator: "\n")
        #expect(coloured.contains("\u{1B}[33mwaiting for Ana"))
        let plain = coloured.replacing(/\u{1B}\[[0-9]*m/, with: "").split(separator: "\n").map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        #expect(plain == render(tree, .plain))
    }

    @Test func agingMovesAllTimes() {
        let aged = tree.aged(by: 10)
        #expect(aged.uptime == 7_510)
        #expect(aged.children[0].children[1].waiting == .init(reason: "restart", seconds: 12, deadline: -4))
    }

    @Test func sessionsAreAligned() {
        let sessions = [
            SessionSummary(
                id: "3f9a1c20aaaa", state: "waiting", isLive: true, agent: "claude-code", chat: "console ana",
                starter: "Ana", prompt: "fix\nthe page", age: 90,
                waiting: .init(reason: "question", on: "Ana", seconds: 5)),
            SessionSummary(
                id: "77777777cccc", state: "completed", isLive: false, agent: "codex", chat: "telegram 42",
                starter: "Bo", prompt: "漢字 page", age: 9_000),
        ]
        #expect(
            render(sessions, .plain).joined(separator: "\n") == """
                ID        STATE      AGENT        CHAT         AGE   TASK
                3f9a1c20  waiting    claude-code  console ana  90 s  waiting for Ana: question, 5 s — fix the page
                77777777  completed  codex        telegram 42  2 h   漢字 page
                """)
        #expect(render([SessionSummary](), .plain) == ["No sessions."])
    }

    @Test func theTreeTellsWhatFallsDueBesidesWhatIsWaitedFor() {
        let node = TreeNode(
            id: "3f9a1c20", waiting: .init(reason: "turn 1", on: "demo", seconds: 5, deadline: 480),
            deadlines: [.init(name: "next save", seconds: 200), .init(name: "silence", seconds: 480.4)])
        #expect(
            render(node, .plain) == ["3f9a1c20  waiting for demo: turn 1, 5 s, 8 min left  next save, 3 min left"])
        #expect(node.aged(by: 10).deadlines.map(\.seconds) == [190, 470.4])
    }

    @Test func sessionTellsEverything() {
        let session = SessionDetail(
            summary: SessionSummary(
                id: "3f9a1c20aaaa", state: "idle", isLive: true, agent: "codex", chat: "console ana", starter: "Ana",
                prompt: "fix it", repository: "org/repo (main)", age: 200),
            commit: "abc123", turns: 2, agentSeconds: 61, cost: "0.12 USD", reason: nil, queued: 1, maskings: 2,
            deadlines: [.init(name: "sandbox", seconds: 800), .init(name: "silence", seconds: -1)],
            interactions: [
                .init(
                    kind: "permission", title: "rm -rf build", state: "answered", answer: "Allow once",
                    answeredBy: "Ana", age: 120),
                .init(kind: "question", title: "Which file?", state: "open", age: 5),
            ],
            resources: [.init(kind: "local sandbox", name: "anycode-77", state: "running", age: 190)],
            saves: [.init(path: "/saves/1.patch", changedFiles: 1, age: 30)])
        #expect(
            render(session, .plain).joined(separator: "\n") == """
                id          3f9a1c20aaaa
                state       idle
                task        fix it
                agent       codex
                by          Ana, console ana, 3 min ago
                repository  org/repo (main)
                commit      abc123
                turns       2, 61 s of the agent's time
                cost        0.12 USD
                queued      1
                masked      2 secrets
                deadline    sandbox, 13 min left
                deadline    silence, overdue

                Interactions
                  permission  answered  2 min ago  rm -rf build → Allow once by Ana
                  question    open      5 s ago    Which file?

                Resources
                  local sandbox  running  3 min ago  anycode-77

                Saves
                  1 file  30 s ago  /saves/1.patch
                """)
    }

    @Test func liveTreeIsDrawnOver() {
        var live = LiveTree()
        let start = ContinuousClock.now
        let terminal = Style(isColoured: false, width: 80, height: 24)
        let small = TreeNode(id: "root", uptime: 1, children: [TreeNode(id: "a")])
        #expect(live.text(after: .tick, at: start, terminal) == "")
        let first = live.text(after: .tree(small), at: start, terminal)
        #expect(first == "root  up 1 s\u{1B}[K\n└ a   running\u{1B}[K\n\u{1B}[J")
        let later = live.text(after: .tick, at: start + .seconds(3), terminal)
        #expect(later.hasPrefix("\u{1B}[2A\rroot  up 4 s"))
    }

    @Test func liveTreeKeepsToTheScreenAndToPipes() {
        let many = TreeNode(id: "root", children: (0..<50).map { TreeNode(id: "c\($0)") })
        var live = LiveTree()
        let text = live.text(after: .tree(many), Style(isColoured: false, width: 80, height: 10))
        #expect(text.split(separator: "\n").count { $0 != "\u{1B}[J" } == 9)
        #expect(text.contains("… 43 more"))
        var piped = LiveTree()
        #expect(piped.text(after: .tree(TreeNode(id: "root")), .plain) == "root  running\n\n")
        #expect(piped.text(after: .tick, .plain) == "")
        #expect(LiveTree.json(.tree(TreeNode(id: "r"))).hasSuffix("\n"))
    }
}
