#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `anycode-demo-agent` as a process.
enum Program {
    static let version = "0.1.0"

    static var usage: String {
        let words = Behaviour.allCases.map { behaviour in
            "  \(behaviour.rawValue)\(String(repeating: " ", count: 10 - behaviour.rawValue.count))\(behaviour.explanation)"
        }
        return """
            anycode-demo-agent speaks the Agent Client Protocol on standard input and output, without a model.

            Any prompt makes it do a small job in the session's folder: it reads the README, asks which greeting to use,
            asks for permission, adds a welcome section and a script that checks it, runs the script. Prompts that follow
            change the greeting (warm, brief, formal, or /greeting WORDS).

            A word in the prompt selects something else, for tests:
            \(words.joined(separator: "\n"))

            OPTIONS
              --version, --help

            ENVIRONMENT
              ANYCODE_DEMO_PACE_MS   milliseconds between streamed words (25)
              HOME                   where sessions are kept, for session/load
            """
    }

    /// Serves until standard input ends.
    static func serve() async -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        let pace = ProcessInfo.processInfo.environment["ANYCODE_DEMO_PACE_MS"].flatMap(Int.init) ?? 25
        let agent = Agent(pace: .milliseconds(max(0, min(pace, 10_000))))
        for await line in lines() where !line.allSatisfy(\.isWhitespace) {
            await agent.receive(line)
        }
        await agent.stop()
        return 0
    }

    private static func lines() -> AsyncStream<String> {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        Background.run {
            while let line = readLine() { continuation.yield(line) }
            continuation.finish()
        }
        return lines
    }
}
