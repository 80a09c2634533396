import AnycodeControl
import ArgumentParser

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

struct Tree: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what every part of the daemon does and waits for.",
        discussion: "With --watch and --json, each change is one line.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Flag(help: "Follow changes until interrupted.")
    var watch = false

    func run() throws {
        guard watch else {
            let tree = try connection.client.tree()
            return try output.show(tree) { render(tree, $0) }
        }
        var live = LiveTree()
        try connection.client.watchTree { change in
            print(output.json ? LiveTree.json(change) : live.text(after: change, .ofOutput()), terminator: "")
            fflush(nil)
            return true
        }
    }
}
