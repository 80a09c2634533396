package import HTTPTestSupport

/// One task that a person gives, in a chat of its own: what the agent is told to do, and what the person does meanwhile.
package struct Job: Sendable {
    /// What a person does besides answering, and when: seconds after the first message.
    package enum Deed: Sendable, Hashable {
        case followUp(turn: Int, after: Double)
        case cancelCommand(after: Double)
        case cancelButton(after: Double)
        case stop(after: Double)

        var after: Double {
            switch self {
            case .followUp(_, let after), .cancelCommand(let after), .cancelButton(let after), .stop(let after): after
            }
        }
    }

    package let number: Int
    /// Prompts by turn, the first one the task's.
    package let prompts: [String]
    package let deeds: [Deed]

    /// Private chats have the number of the person.
    package var chat: Int { 100_000 + number }

    package init(number: Int, prompts: [String], deeds: [Deed] = []) {
        self.number = number
        self.prompts = prompts
        self.deeds = deeds.sorted { $0.after < $1.after }
    }

    /// - Parameter lines: the most that one turn says.
    package init(number: Int, lines: Int, random: inout SeededRandom) {
        var deeds: [Deed] = []
        let turns = [1, 1, 1, 2, 2, 3].randomElement(using: &random) ?? 1
        for turn in 2..<max(2, turns + 1) {
            deeds.append(.followUp(turn: turn, after: .random(in: 2...14, using: &random)))
        }
        switch Int.random(in: 0..<20, using: &random) {
        case 0: deeds.append(.cancelCommand(after: .random(in: 0.5...25, using: &random)))
        case 1: deeds.append(.cancelButton(after: .random(in: 1...25, using: &random)))
        case 2: deeds.append(.stop(after: .random(in: 2...25, using: &random)))
        default: break
        }
        let prompts = (1...turns).map { Self.prompt(number, turn: $0, lines, &random) }
        self.init(number: number, prompts: prompts, deeds: deeds)
    }

    private static func prompt(
        _ number: Int, turn: Int, _ most: Int, _ random: inout SeededRandom
    ) -> String {
        let lines = Int.random(in: min(4, most)...most, using: &random)
        let pace = Int.random(in: 20...500, using: &random)
        let asks = String(
            (0..<Int.random(in: 0...2, using: &random)).compactMap { _ in "pcw".randomElement(using: &random) })
        let file = Int.random(in: 0...1, using: &random)
        return "job=\(number) turn=\(turn) lines=\(lines) pace=\(pace) asks=\(asks) file=\(file)"
    }
}
