import Testing

@testable import AnycodeControl

/// How trouble, and what is past, stands in the tree and in a session's facts.
@Suite struct TroubleRenderingTests {
    private func session(_ details: [String: String] = [:], _ children: [TreeNode] = []) -> TreeNode {
        TreeNode(id: "3f9a1c20", kind: "session", uptime: 5, details: details, children: children)
    }

    @Test func troubleComesBeforeOtherDetails() {
        let tree = session(["trouble": "the last turn failed: no quota", "chat": "console:1"])
        #expect(
            render(tree, .plain) == ["3f9a1c20  up 5 s  the last turn failed: no quota  chat: console:1"])
        let coloured = render(tree, Style(isColoured: true))[0]
        #expect(coloured.contains("\u{1B}[31mthe last turn failed: no quota\u{1B}[0m"))
    }

    @Test func whatIsPastIsShownWithItsAgeAndIsNoSession() {
        let past = TreeNode(
            id: "gave up", kind: TreeNode.past, uptime: 130,
            details: ["status": "session 3f9a1c20 failed"])
        let sessions = TreeNode(
            id: "sessions", kind: "dynamic", details: ["limit": "5"], children: [session(), past])
        let lines = render(sessions, .plain)
        #expect(lines[0].contains("1 of 5"))
        #expect(lines.last == "└ gave up   session 3f9a1c20 failed, 2 min ago")
    }

    @Test func longFactsGoOnBelowThemselves() {
        let summary = SessionSummary(
            id: "3f9a1c20", state: "idle", isLive: true, agent: "demo", chat: "console:1", starter: "Ana",
            prompt: "one two three four five six seven eight nine ten", age: 5)
        let lines = render(
            SessionDetail(summary: summary, runner: "0.3.0"), Style(isColoured: false, width: 34))
        let task = lines.firstIndex { $0.hasPrefix("task") }
        let expected = ["task    one two three four five", "        six seven eight nine ten"]
        #expect(task.map { Array(lines[$0...$0 + 1]) } == expected)
        #expect(lines.contains("runner  0.3.0"))
        #expect(lines.allSatisfy { $0.count <= 34 })
    }

    @Test(arguments: [
        ("", [""]), ("abcdef", ["abc", "def"]), ("ab cd", ["ab", "cd"]), ("a b", ["a b"]),
    ])
    func textsAreWrappedBetweenWordsWhereTheyCanBe(_ text: String, _ lines: [String]) {
        #expect(wrapped(text, to: 3) == lines)
    }
}
