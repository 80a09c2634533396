import AnycodeControl
import ArgumentParser

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells what was said and done in a session.",
        discussion: """
            The transcript in words, then the end of the log of the runner in its sandbox, where that is at hand. \
            Marks: > prompt, * tool, ? question, = answer, · progress, ! notice, — result, | runner. With --json, each \
            piece is one line.
            """)

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Flag(name: .shortAndLong, help: "Go on until the session is over.")
    var follow = false

    @Argument(help: "The session's id, or its beginning.", completion: .custom(Complete.sessions))
    var id: String

    func run() throws {
        var text = LogText(.ofOutput())
        try connection.client.log(id, follows: follow) { entry in output.write(entry) { text.text(for: entry) } }
        if !output.json { print(text.lineEnd(), terminator: "") }
    }
}
