import AnycodeControl
import ArgumentParser

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tells the daemon's version, process and age.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    func run() throws {
        let version = try connection.client.version()
        try output.show(version) { render(version, $0) }
    }
}
