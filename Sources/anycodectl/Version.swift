import AnycodeControl
import ArgumentParser

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells the versions of this program and of the daemon, and the daemon's process and age.",
        discussion: "Without a daemon it tells its own version and ends with 3.")

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    func run() throws {
        let answer = Result { () throws(ControlError) in try connection.client.version() }
        let report = VersionReport(daemon: try? answer.get())
        try output.show(report) { render(report, $0) }
        _ = try answer.get()
    }
}
