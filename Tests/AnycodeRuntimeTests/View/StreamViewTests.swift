import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct StreamViewTests {
    private func tool(_ title: String, _ status: ToolCall.Status = .completed, _ content: [ToolCall.Content] = [])
        -> Transcript.Stream.Item
    {
        .tool(Transcript.Tool(ToolCall(id: ToolCallID(title), title: title, status: status, content: content)))
    }

    @Test func toolsBecomeAListBetweenParagraphs() {
        let markdown = StreamView.markdown([.text("Looking."), tool("ls"), tool("cat a", .failed), .text("So.")])
        #expect(markdown == "Looking.\n\n* ✓ `ls`\n* ✗ `cat a`\n\nSo.")
    }

    @Test func aChangeShowsItsLines() {
        let diff = ToolCall.Content.diff(path: "a", old: "one\ntwo\n", new: "one\nthree\nfour\n")
        #expect(StreamView.markdown([tool("edit a", .inProgress, [diff])]) == "* ▸ `edit a` (+2 −1)")
    }

    @Test func plansAreTaskLists() {
        let plan = [
            PlanEntry(text: "read", status: .completed), PlanEntry(text: "write", status: .inProgress),
            PlanEntry(text: "test", status: .pending),
        ]
        #expect(StreamView.markdown([.plan(plan)]) == "- [x] read\n- [ ] **write**\n- [ ] test")
    }

    @Test func separatorsAreNotDoubled() {
        #expect(StreamView.markdown([.text("a\n"), .notice("n")]) == "a\n\n*n*")
        #expect(StreamView.markdown([.text("a\n\n"), .notice("n")]) == "a\n\n*n*")
        #expect(StreamView.markdown([.text(""), .thought(""), .text("a")]) == "a")
    }

    @Test(arguments: [
        ("ls", "`ls`"), ("a\nb", "`a ⏎ b`"), ("echo `date`", "`` echo `date` ``"),
    ])
    func codeStaysOnOneLine(_ text: String, _ code: String) {
        #expect(StreamView.code(text) == code)
    }

    @Test func longTitlesAreClipped() {
        #expect(StreamView.code(String(repeating: "x", count: 500)).count == 122)
    }
}
