import AnycodeControl
import ArgumentParser

struct Orphans: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists every resource ever made and not known to be gone.",
        discussion: """
            Compares what the daemon recorded with what its sandbox providers list, and tells of each resource its \
            owner, its age, why it lives and how to end it. Those without an owner are marked "nobody"; the reaper \
            removes them in its next round.
            """)

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    @Flag(help: "Only those that nobody owns.")
    var unowned = false

    func run() throws {
        var list = try connection.client.resources()
        if unowned { list.resources.removeAll { !$0.isOrphan } }
        let shown = list
        try output.show(shown) { render(shown, $0) }
    }
}
