import AnycodeControl
import ArgumentParser

struct Pair: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a one-time code that makes whoever sends it to the bot an owner.",
        discussion: """
            For platforms with access = "pairing". Owners admit others in the chat and may do everything in every \
            session. A new code makes the one before it void.
            """)

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Argument(help: "The chat platform, as telegram; only needed where several are paired.")
    var platform: String?

    func run() throws {
        let answer = try connection.client.pair(platform, by: Operator.name())
        try output.show(answer) { render(answer, $0) }
    }
}
