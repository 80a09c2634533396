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

    @Test func aSubAgentsCallsStandBelowIt() {
        func call(_ id: String, of parent: String?) -> Transcript.Stream.Item {
            .tool(
                Transcript.Tool(
                    ToolCall(
                        id: ToolCallID(id), title: id, status: .completed, parent: parent.map { ToolCallID($0) })))
        }
        let items = [
            call("look", of: nil), call("find", of: "look"), .text("Meanwhile."), call("deep", of: "find"),
            call("ls", of: nil), call("late", of: "look"), call("lost", of: "elsewhere"), call("self", of: "self"),
        ]
        #expect(
            StreamView.markdown(items) == """
                * ✓ `look`
                  * ✓ `find`
                    * ✓ `deep`
                  * ✓ `late`

                Meanwhile.

                * ✓ `ls`
                * ↳ ✓ `lost`
                * ↳ ✓ `self`
                """)
    }

    @Test func aFailedCommandShowsTheEndOfWhatItPrinted() {
        var tool = Transcript.Tool(ToolCall(id: ToolCallID("c"), title: "make", kind: .execute, status: .inProgress))
        let output = (1...9).map { "line \($0)" }.joined(separator: "\n") + "\n\n(exit code 2)"
        tool.apply(ToolCallUpdate(id: ToolCallID("c"), status: .completed, content: [.text(output)]))
        #expect(StreamView.markdown([.tool(tool)]) == "* ✓ `make`")
        tool.apply(ToolCallUpdate(id: ToolCallID("c"), status: .failed, content: [.text(output)]))
        #expect(StreamView.markdown([.tool(tool)]) == "* ✗ `make`\n  * `line 8`\n  * `line 9`\n  * `(exit code 2)`")
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
