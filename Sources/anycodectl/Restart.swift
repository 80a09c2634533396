import AnycodeControl
import ArgumentParser

struct Restart: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts a part of the daemon afresh.",
        discussion: """
            The node is named by its path, as `tree --json` tells it: "upkeep/reaper", "sessions/3f9a1c20/stream". \
            What its supervisor restarts along with it restarts too. A session goes on from what is stored; its sandbox \
            and its agent are not touched. It counts against no restart limit.
            """)

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Argument(help: "The node's path; ids may be shortened.", completion: .custom(Complete.nodes))
    var path: String

    func run() throws {
        let answer = try connection.client.restart(path, by: Operator.name())
        try output.show(answer) { render(answer, $0) }
    }
}
