import AnycodeConfig
import AnycodeControl
import ArgumentParser
import Foundation

/// The daemon's command line.
@main
struct Anycode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anycode",
        abstract: "Run any coding agent from a chat, each task in a sandbox of its own.",
        discussion: """
            Without a subcommand the daemon runs with --config. `anycode quickstart` needs no configuration: it runs a \
            first task with a demo agent in the terminal.

            Under systemd (Type=notify) the daemon tells when it is ready, when it stops, and gives signs of life.

            Exit codes: 0 ended as asked, 1 failed, 64 wrong usage, 69 another daemon has the database, 74 the database \
            is damaged or cannot be used, 78 the configuration is wrong.
            """,
        version: AnycodeVersion.current,
        subcommands: [Run.self, Quickstart.self, Doctor.self, Backup.self],
        defaultSubcommand: Run.self)
}

/// `anycode run`: the daemon.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the daemon (the default).")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let configuration = try options.load()
        let data = try DataDirectory(database: configuration.database.path)
        let usesConsole = configuration.console.enabled
        LoggingSetup.start(configuration.log, file: usesConsole && Terminal.isAttached ? data.logFile : nil)
        let daemon = try await StartFailure.telling {
            try await Daemon(configuration, data: data, console: usesConsole ? .plain : nil)
        }
        await daemon.tellSurroundings()
        try await StartFailure.namingThePart { try await daemon.run() }
    }
}

/// Where the configuration is.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "The configuration file.")
    var config = "config.toml"
}
