import ScriptedModel
import TestJSON

/// What the standard scripts do not have.
enum CodexScripts {
    /// The console shows a message that grows line by line.
    static let lines = ModelScript(
        word: "LINES", steps: [.init((1...200).map { "line\($0)\n" }.joined(), pace: .milliseconds(100))])

    static let failure = ModelScript(
        word: "E500", steps: [.init("It went through.", failure: .init(status: 500, times: 5))])

    /// A plan, files that change, a command that fails, and a text that takes some seconds.
    static let work = [
        ModelScript(
            word: "PLANNED",
            steps: [
                .init(
                    "Here it is.\n<proposed_plan>\n- First\n- Second\n</proposed_plan>\n",
                    thinking: "Two steps will do.")
            ]),
        ModelScript(
            word: "PATCH",
            steps: [
                .init("I will patch.", calls: [.shell(command: patch)]), .init("Patched."),
            ]),
        ModelScript(
            word: "FAIL",
            steps: [.init("I try.", calls: [.shell(command: "echo what is wrong >&2; exit 3")]), .init("It failed.")]),
        ModelScript(
            word: "STEADY", steps: [.init((1...30).map { "line\($0)\n" }.joined(), pace: .milliseconds(100))]),
    ]

    private static let patch = """
        apply_patch <<'EOF'
        *** Begin Patch
        *** Add File: new.txt
        +one
        *** End Patch
        EOF
        """
}
