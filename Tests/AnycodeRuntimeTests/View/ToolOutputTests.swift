import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct ToolOutputTests {
    private func run(
        _ text: String, _ kind: ToolCall.Kind = .execute, _ status: ToolCall.Status = .completed, units: Int = 1200
    ) -> String {
        let call = ToolCall(id: ToolCallID("t"), title: "make", kind: kind, status: status, content: [.text(text)])
        return StreamView.markdown([
            .tool(Transcript.Tool(call, outputUnits: units)),
            .tool(Transcript.Tool(ToolCall(id: ToolCallID("u"), title: "ls"))), .text("So."),
        ])
    }

    @Test func whatACommandPrintsIsQuotedBelowItsLine() {
        #expect(run("one\ntwo") == "* ✓ `make`\n\n> one\n> two\n\n* ◦ `ls`\n\nSo.")
    }

    @Test func itIsShownOnlyWhereItFoldsAndMatters() {
        let bare = "* ✓ `make`\n* ◦ `ls`\n\nSo."
        #expect(run("one", units: 0) == bare)
        #expect(run("one", .read) == bare)
        #expect(run(" \n\n") == bare)
        #expect(run("no such file", .read, .failed) == "* ✗ `make`\n\n> no such file\n\n* ◦ `ls`\n\nSo.")
    }

    @Test func nothingOfItIsFormatting() {
        #expect(
            ToolOutput.quoted("# *a* [b](c)\n\n    - <x>_y_ `z` 1. & é") == """
                > \\# \\*a\\* \\[b\\]\\(c\\)
                >\u{20}
                > \u{A0}\u{A0}\u{A0}\u{A0}\\- \\<x\\>\\_y\\_ \\`z\\` 1\\. \\& é
                """)
    }

    @Test func longOutputKeepsItsBeginningAndItsEnd() {
        let lines = (1...500).map { "line \($0)" }.joined(separator: "\n")
        let short = ToolOutput.excerpt(lines, limit: 1200)
        #expect(short.hasPrefix("line 1\nline 2\n"))
        #expect(short.hasSuffix("\nline 499\nline 500"))
        #expect(short.contains("lines …"))
        #expect(short.utf16.count <= 1200)
        let wide = ToolOutput.excerpt(String(repeating: "x", count: 50_000) + "end", limit: 300)
        #expect(wide.utf16.count <= 303 && wide.hasSuffix("end"))
        let families = ToolOutput.excerpt(String(repeating: "👩‍👩‍👧", count: 5_000), limit: 300)
        #expect(families.replacing("👩‍👩‍👧", with: "") == "\n…\n")
    }

    @Test func whatOnlyATerminalUnderstandsIsLeftOut() {
        #expect(
            ToolOutput.excerpt("\u{1B}[1;31mred\u{1B}[0m\r\n10%\r99%\rdone\r\n\tend\n\n", limit: 100)
                == "red\ndone\n    end")
        #expect(ToolOutput.excerpt("```console\nok\n```\n", limit: 100) == "ok")
    }

    @Test func thoughtsAreQuotedWhereTheyAreKept() {
        let entries: [TranscriptEntry] = [.text("a"), .thought("hm,\nwell"), .text("b")]
        for (keeps, expected) in [(false, "a\n\nb"), (true, "a\n\n> 💭 hm,\n> well\n\nb")] {
            var transcript = Transcript(header: Sample.header(), keepsThoughts: keeps)
            for entry in entries { transcript.apply(entry) }
            var view = SessionView(limits: ChatLimits(textUnits: 4096))
            #expect(view.render(&transcript).last?.message.markdown == expected)
        }
    }
}
