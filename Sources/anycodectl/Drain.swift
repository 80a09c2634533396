import AnycodeControl
import ArgumentParser

struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes no more tasks, ends all sessions, and says what is left.",
        discussion: """
            Chats are told, work is saved, sandboxes are removed, as at a shutdown; the daemon goes on. `drain --undo` \
            takes tasks again, and so does a restart of the daemon. Ends with 5 when anything is left.
            """)

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Option(help: "How many seconds sessions may take to save and end.")
    var within = 60

    @Flag(help: "Take tasks again.")
    var undo = false

    func validate() throws {
        guard (0...3_600).contains(within) else { throw ValidationError("--within must be from 0 to 3600 seconds.") }
    }

    func run() throws {
        if undo {
            let answer = try connection.client.undrain(by: Operator.name())
            return try output.show(answer) { render(answer, $0) }
        }
        let answer = try connection.client.drain(within: .seconds(within), by: Operator.name())
        try output.show(answer) { render(answer, $0) }
        if !answer.leavesNothing { throw ExitCode(5) }
    }
}
