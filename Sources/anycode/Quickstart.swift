import AnycodeChat
import AnycodeConfig
import AnycodeCore
import AnycodeRuntime
import AnycodeSandbox
import ArgumentParser
import Foundation
import Supervision

/// `anycode quickstart`: a first task, from chat to saved change, with nothing configured.
struct Quickstart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a first task with the demo agent, here in the terminal.",
        discussion: """
            Makes a scratch git repository, runs the demo agent on it in a sandbox, shows its question and its \
            permission request, saves the change and removes the sandbox. In a terminal you answer, and the prompt \
            stays open afterwards; without one the first options are chosen and the program ends.
            """)

    @Option(help: "Where the database, the scratch repository and the saved patches go.")
    var directory = Self.usualDirectory

    @Flag(help: "Run the agent without bubblewrap, as an ordinary process. Only where sandboxes cannot be made.")
    var withoutIsolation = false

    private static var usualDirectory: String {
        let environment = ProcessInfo.processInfo.environment
        if let data = environment["XDG_DATA_HOME"], !data.isEmpty { return data + "/anycode/quickstart" }
        return (environment["HOME"] ?? NSHomeDirectory()) + "/.local/share/anycode/quickstart"
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let isAttended = Terminal.isAttached
        try DataDirectory.makePrivate(directory)
        let data = try DataDirectory(database: directory + "/anycode.db")
        let repository = try ScratchRepository(at: directory + "/scratch")
        let configuration = try Configuration.parse(settings(isAttended), file: "quickstart")
        LoggingSetup.start(configuration.log, file: data.logFile)
        let use = Daemon.ConsoleUse(autoAnswer: !isAttended, endsAtEndOfInput: isAttended)
        let daemon = try await StartFailure.telling {
            try await Daemon(configuration, data: data, console: use) { settings in
                settings.defaultSource[PlatformID("console")] = repository.source
            }
        }
        try await checkSurroundings(daemon)
        let tour = QuickstartTour(daemon: daemon, repository: repository, isAttended: isAttended)
        try await StartFailure.namingThePart { try await daemon.run { try await tour.run() } }
        if let failure = tour.failure {
            Terminal.complain(failure)
            throw ExitCode(1)
        }
    }

    /// The configuration that this command stands for.
    private func settings(_ isAttended: Bool) -> String {
        """
        [console]
        enabled = true
        [sandbox]
        provider = "local"
        [sandbox.local]
        isolation = "\(withoutIsolation ? "none" : "bubblewrap")"
        network = "none"
        [agents]
        default_agent = "demo"
        [agents.credentials.demo]
        [session]
        linger_seconds = \(isAttended ? 900 : 0)
        debounce_ms = 150
        [database]
        path = "\(directory)/anycode.db"
        """
    }

    private func checkSurroundings(_ daemon: Daemon) async throws {
        guard let local = daemon.provider as? LocalSandboxProvider,
            let problem = try await local.surroundings().isolationProblem
        else { return }
        Terminal.complain("Sandboxes cannot be made on this machine: \(problem)")
        Terminal.complain("To see the rest all the same: anycode quickstart --without-isolation")
        throw ExitCode(1)
    }
}
