import TestJSON
import Testing

@testable import ScriptedModel

@Suite struct ScriptTests {
    @Test(arguments: [
        ("plain", "plain"),
        ("<system-reminder>\nnot this\n</system-reminder>\nbut this", "but this"),
        ("this <system_reminder>not</system_reminder> too", "this  too"),
        ("<permissions instructions>\nno\n</permissions instructions>yes", "yes"),
        ("a < b and <b>bold</b>", "a < b and <b>bold</b>"),
        ("<unclosed-tag> stays", "<unclosed-tag> stays"),
    ])
    func wrappersAreTakenAway(text: String, said: String) {
        #expect(WrappedText.said(in: text) == said)
    }

    @Test(arguments: [
        "", "  \n", "<environment_context>\n<cwd>/x</cwd>\n</environment_context>",
        "# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>\nbe nice\n</INSTRUCTIONS>",
        "[Request interrupted by user for tool use]",
    ])
    func textWithoutAPersonsWordsIsNothing(text: String) {
        #expect(WrappedText.said(in: text) == nil)
    }

    @Test func wholeWordInItsCaseChoosesTheScript() {
        let scripts = [ModelScript].standard
        #expect(scripts.script(for: "please WRITE, then stop")?.word == "WRITE")
        #expect(scripts.script(for: "please write")?.word == nil)
        #expect(scripts.script(for: "REWRITE it")?.word == nil)
        #expect([ModelScript(word: "A", steps: [])].script(for: "b") == nil)
    }

    @Test func piecesAddUpToTheText() {
        for text in ["", "one", "two words", "  lead", "tail \n", "a\nb\t c"] {
            #expect(ModelReply.pieces(text).joined() == text)
        }
        #expect(ModelReply.pieces("one two ") == ["one ", "two "])
        #expect(ModelReply.pieces(String(repeating: "x", count: 40_000)).count == 40)
    }

    @Test(arguments: [
        (["Bash"], ["command"], "Bash", ["command": "ls"] as JSON),
        (["mcp__box__exec_command"], ["cmd"], "mcp__box__exec_command", ["cmd": "ls"] as JSON),
        (
            ["read", "run_shell_command"], ["command", "risk"], "run_shell_command",
            ["command": "ls", "risk": "x"] as JSON
        ),
    ])
    func shellIsFittedByNameAndSchema(names: [String], members: [String], name: String, input: JSON) {
        let tools = names.map { OfferedTool(name: $0, schema: schema(members)) }
        let call = ToolFitting(tools: tools).fit(.shell(command: "ls"))
        #expect(call == FittedCall(name: name, input: input, isCustom: false))
    }

    @Test func listCommandsGoThroughAShell() {
        let tool = OfferedTool(name: "shell", schema: ["properties": ["command": ["type": "array"]]])
        #expect(ToolFitting(tools: [tool]).fit(.shell(command: "ls"))?.input == ["command": ["bash", "-lc", "ls"]])
    }

    @Test func writingFallsBackToTheShell() {
        let call = ModelCall.write(path: "a.txt", content: "x\n")
        let writer = OfferedTool(name: "Write", schema: schema(["file_path", "content"]))
        let shell = OfferedTool(name: "bash", schema: schema(["command"]))
        #expect(
            ToolFitting(tools: [shell, writer]).fit(call)?.input == ["file_path": "a.txt", "content": "x\n"])
        #expect(
            ToolFitting(tools: [shell]).fit(call)?.input["command"]?.string
                == "cat > 'a.txt' <<'END_OF_FILE'\nx\nEND_OF_FILE")
        #expect(ToolFitting(tools: []).fit(call) == nil)
    }

    @Test func questionsTakeTheFormTheToolHas() {
        let call = ModelCall.ask(question: "Which?", options: ["a", "b"])
        let simple = OfferedTool(name: "ask_user", schema: ["properties": ["question": [:], "options": [:]]])
        #expect(ToolFitting(tools: [simple]).fit(call)?.input == ["question": "Which?", "options": ["a", "b"]])
        let item: JSON = ["properties": ["question": [:], "options": [:]]]
        let rich = OfferedTool(name: "AskUserQuestion", schema: ["properties": ["questions": ["items": item]]])
        let question = ToolFitting(tools: [rich]).fit(call)?.input["questions"]?.array?.first
        #expect(question?.object?.keys.sorted() == ["options", "question"])
    }

    @Test func scriptFileIsRead() throws {
        let text = """
            [{"word": "GO", "steps": [
              {"text": "a", "thinking": "t", "repeat": 3, "pace_ms": 5, "cut_after_words": 2, "calls": [
                {"kind": "shell", "command": "ls"}, {"kind": "write", "path": "p", "content": "c"},
                {"kind": "ask", "question": "q", "options": ["x"]}, {"kind": "named", "name": "n", "input": {"i": 1}}]},
              {"failure": {"status": 429, "retry_after": 2, "times": 1}}]}]
            """
        let scripts = try [ModelScript](json: JSON(parsing: Array(text.utf8)))
        let calls: [ModelCall] = [
            .shell(command: "ls"), .write(path: "p", content: "c"), .ask(question: "q", options: ["x"]),
            .named("n", input: ["i": 1]),
        ]
        #expect(
            scripts == [
                ModelScript(
                    word: "GO",
                    steps: [
                        .init(
                            "a", thinking: "t", repetitions: 3, calls: calls, pace: .milliseconds(5), cutAfterWords: 2),
                        .init(failure: .init(status: 429, retryAfter: 2, times: 1)),
                    ])
            ])
    }

    @Test(arguments: [
        ("{}", "the file is not a list of scripts"),
        ("[{}]", "scripts[0]: steps is missing or empty"),
        (#"[{"steps": [{"txt": "x"}]}]"#, "scripts[0].steps[0].txt: unknown member"),
        (#"[{"steps": [{"failure": {"status": 200}}]}]"#, "scripts[0].steps[0].failure.status: not within 400 to 599"),
        (#"[{"steps": [{"calls": [{"kind": "x"}]}]}]"#, "scripts[0].steps[0].calls[0].kind: not one of"),
        (#"[{"steps": [{"calls": [{"kind": "shell"}]}]}]"#, "scripts[0].steps[0].calls[0].command: a text is missing"),
    ])
    func scriptFileErrorsNameThePlace(text: String, message: String) throws {
        let json = try JSON(parsing: Array(text.utf8))
        let error = #expect(throws: ScriptFileError.self) { try [ModelScript](json: json) }
        #expect(error?.description.hasPrefix(message) == true)
    }

    private func schema(_ members: [String]) -> JSON {
        let properties = members.map { ($0, ["type": "string"] as JSON) }
        return [
            "type": "object", "properties": .object(Dictionary(uniqueKeysWithValues: properties)),
            "required": .array(members.map(JSON.string)),
        ]
    }
}
