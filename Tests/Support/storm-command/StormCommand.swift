import ArgumentParser
import Foundation
import Storm

/// `storm`: kills the daemon and its runners at random moments and compares what agents said with what chats show.
@main
struct StormCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storm",
        abstract: "Kills the daemon and its runners at random moments, and counts what is lost.",
        discussion: """
            The daemon, its local sandboxes and runners are real; the chat is a strict fake of Telegram's Bot API in \
            this process, the agents are scripted and tell a ledger outside of their sandboxes what they say.

            Exit codes: 0 nothing lost, nothing repeated without a label, no orphans; 1 else; then the directory with \
            the database, the logs and the chats of the sessions in question is kept.
            """)

    @Option(help: "How many kills.") var kills = 1000
    @Option(help: "How many sessions are alive at any time.") var sessions = 20
    @Option(help: "Decides what is killed and when, and what people do. Default: a new one.") var seed: UInt64?
    @Option(help: "Where to keep everything. Default: a new directory under /tmp.") var directory: String?
    @Option(help: "Where the programs are. Default: beside this one.") var programs: String?
    @Option(help: "The longest life of a daemon after its recovery, in milliseconds.") var calm = 2500

    @Option(help: "The most lines an agent says in a turn.") var lines = 60
    @Option(help: "How long the sessions may take to end after the last kill, in seconds.") var patience = 240

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var plan = Plan()
        plan.kills = kills
        plan.sessions = sessions
        plan.seed = seed ?? UInt64.random(in: 1...999_999)
        plan.calm = .milliseconds(calm)
        plan.lines = max(1, lines)
        plan.patience = .seconds(patience)
        let path = directory ?? "/tmp/anycode-storm.\(plan.seed).\(getpid())"
        Self.say("A storm of \(kills) kills over \(sessions) sessions, seed \(plan.seed), in \(path)")
        let ground = try Ground(path: path, programs: programs ?? Self.ownFolder)
        let storm = try Storm(plan, ground) { Self.say($0) }
        let report = try await storm.run()
        Self.say(report.text)
        guard report.isGood else {
            Self.say("FAILED with seed \(plan.seed); everything is kept in \(path)")
            throw ExitCode(1)
        }
        if directory == nil { ground.remove() }
        Self.say("Nothing was lost.")
    }

    /// At once, also into a file.
    private static func say(_ words: String) {
        FileHandle.standardOutput.write(Data((words + "\n").utf8))
    }

    private static var ownFolder: String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent().path
    }
}
