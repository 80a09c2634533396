import AnycodeControl
import ArgumentParser

struct Destroy: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends a resource that no live session owns, without saving anything.",
        discussion: "For what `orphans` lists. The resource of a live session is refused: cancel the session instead.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Argument(help: "The lease's id, or its beginning.")
    var lease: String

    func run() throws {
        let answer = try connection.client.destroy(lease, by: Operator.name())
        try output.show(answer) { render(answer, $0) }
    }
}
