import AnycodeControl
import ArgumentParser

struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends a session.", discussion: "Its work is saved first, and its chat is told who ended it.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Argument(help: "The session's id, or its beginning.", completion: .custom(Complete.sessions))
    var id: String

    func run() throws {
        let answer = try connection.client.cancel(id, by: Operator.name())
        try output.show(answer) { render(answer, $0) }
    }
}
