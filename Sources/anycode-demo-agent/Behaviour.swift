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

/// What a word in the prompt makes the agent do instead of its job.
enum Behaviour: String, CaseIterable, Sendable {
    case slow, crash, silent, flood, error, empty, big, longcmd, multi, text

    /// The first such word of the prompt; nil for a prompt without one.
    init?(prompt: String) {
        let words = prompt.lowercased().split { !$0.isLetter }
        guard let found = words.lazy.compactMap({ Behaviour(rawValue: String($0)) }).first else { return nil }
        self = found
    }

    var explanation: String {
        switch self {
        case .slow: "does its job ten times slower"
        case .crash: "says something, then ends with exit code 3"
        case .silent: "says nothing until it is cancelled"
        case .flood: "streams 5000 pieces of text as fast as it can"
        case .error: "answers the prompt with an error"
        case .empty: "ends the turn at once, nothing said, nothing done"
        case .big: "has a tool call with 2 MB of output"
        case .longcmd: "runs a command for a minute (after asking)"
        case .multi: "asks a question with several answers"
        case .text: "asks a question with an answer in free text"
        }
    }
}

extension Turn {
    mutating func behave(_ behaviour: Behaviour) async throws -> Outcome {
        switch behaviour {
        case .crash:
            try await say("I am about to end. ")
            let words = "anycode-demo-agent: asked to crash\n"
            write(2, words, words.utf8.count)
            exit(3)
        case .silent:
            while true { try await Task.sleep(for: .seconds(3600)) }
        case .flood:
            for number in 1...5000 {
                try Task.checkCancellation()
                let piece = "\(number) "
                updates.send("agent_message_chunk", ["content": Updates.text(piece)])
                if number % 100 == 0 { await Task.yield() }
            }
            try await say("That were 5000 pieces.")
        case .error: return .failed("This error was asked for.")
        case .empty: return .stopped("end_turn")
        case .big:
            let call = Call(id: "big-" + String(session.history.count), title: "Print two megabytes", kind: "execute")
            begin(call, status: "in_progress")
            update(call, status: "completed", text: String(repeating: "0123456789abcde\n", count: 131_072))
            try await say("That was a large output.")
        case .longcmd:
            let code = try await execute("i=0; while [ $i -lt 60 ]; do echo $i; i=$((i+1)); sleep 1; done")
            try await say(code.map { "The command ended with \($0)." } ?? "Then not.")
        case .multi:
            let choices = [
                Choice(id: "tests", title: "Tests"), .init(id: "docs", title: "Docs"), .init(id: "ci", title: "CI"),
            ]
            let answer = try await chooseSeveral("What should I look after?", choices)
            try await say(answer.map { "You chose: \($0.joined(separator: ", "))." } ?? "You chose nothing.")
        case .text:
            let answer = try await askText("What shall I say?")
            try await say(answer.map { "You said: \($0)" } ?? "You said nothing.")
        case .slow: break
        }
        return .stopped("end_turn")
    }
}
