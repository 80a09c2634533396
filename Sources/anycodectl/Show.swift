import AnycodeControl
import ArgumentParser

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tells everything about one session.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Argument(help: "The session's id, or its beginning.", completion: .custom(Complete.sessions))
    var id: String

    func run() throws {
        let session = try connection.client.session(id)
        try output.show(session) { render(session, $0) }
    }
}
