import AnycodeControl
import ArgumentParser

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells what happened in the tree: starts, ends, restarts, failures.",
        discussion: "The daemon remembers the last thousand. With --json, each event is one line.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Flag(name: .shortAndLong, help: "Go on with what happens, until interrupted.")
    var follow = false

    @Flag(help: "Only failures and what follows from them.")
    var failures = false

    func run() throws {
        let style = Style.ofOutput()
        try connection.client.events(follows: follow) { event in
            if failures, !event.isFailure, event.kind != "restarting" { return true }
            return output.write(event) { render(event, style).map { $0 + "\n" }.joined() }
        }
    }
}
