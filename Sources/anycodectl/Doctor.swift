import AnycodeControl
import ArgumentParser

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Examines the running daemon and says what to mend.",
        discussion: """
            The half of `anycode doctor` that a running daemon can answer: its tree, its providers, its database, its \
            disk, its leftovers. Ends with 5 when something must be mended.
            """)

    @OptionGroup var connection: Connection
    @OptionGroup var output: Output

    func run() throws {
        let findings = try connection.client.findings()
        try output.show(findings) { render(findings, $0) }
        if findings.contains(where: { $0.grade == .failed }) { throw ExitCode(5) }
    }
}
