/// What an agent said and heard, as it told the ledger itself.
package struct Testimony: Sendable {
    /// The names of the lines, in order: `j7t1n3`.
    package var said: [String] = []
    /// How often each order came: `j7t1`, or a person's words.
    package var prompts: [String: Int] = [:]
    package var asked: [String] = []
    package var answers: [String: [String]] = [:]
    /// Turns that came to their end, with the reason.
    package var ends: [String] = []
    /// Turns that wrote their file.
    package var files: [String] = []
    /// Answers that came a second time.
    package var answeredTwice = 0
    /// When its runner was killed: the lines that the runner had in its log by then. What was in a pipe is gone.
    package var kept: Set<String>?

    package init() {}

    /// Takes a line in as the agent wrote it.
    mutating func take(_ words: [String]) {
        guard words.count > 1 else { return }
        switch words[0] {
        // Replies to words that are no order are no lines.
        case "say": if words[1].contains("n"), words[1].first == "j" { said.append(words[1]) }
        case "prompt": prompts[words[1], default: 0] += 1
        case "asked": asked.append(words[1])
        case "answer": answers[words[1], default: []].append(words.dropFirst(2).joined(separator: " "))
        case "end": ends.append(words[1])
        case "file": files.append(words[1])
        case "twice": answeredTwice += 1
        default: break
        }
    }

    /// What the chat must show: what reached the runner.
    var owed: [String] {
        guard let kept else { return said }
        return said.filter(kept.contains)
    }
}
