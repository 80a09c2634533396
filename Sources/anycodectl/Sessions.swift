import AnycodeControl
import ArgumentParser

struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists sessions.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Flag(help: "Also those that have ended.")
    var all = false

    func run() throws {
        let sessions = try connection.client.sessions(all: all)
        try output.show(sessions) { render(sessions, $0) }
    }
}
