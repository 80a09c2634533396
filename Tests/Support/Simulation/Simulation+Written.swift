import AnycodeCore
import AnycodeRuntime

/// Rules 2 and 8 on what people wrote.
extension Simulation {
    /// Whatever people wrote became a prompt or an answer, or they were told why not; nothing of a stranger's did.
    func checkWritten(_ finals: [Final]) {
        var taken: [String: Int] = [:]
        for final in finals {
            let (own, waiting) = Self.taken(by: final)
            taken.merge(own, uniquingKeysWith: +)
            for text in waiting { taken[text, default: 0] += 1 }
            world.check(
                waiting.isEmpty || final.stored.state.phase.outcome != .completed,
                "\(final.name) left \(waiting) undone")
        }
        for final in finals {
            guard let text = final.stored.header.firstPrompt, taken[text] == nil else { continue }
            taken[text] = 1  // it is told with the session's end, and the next resumption begins with it
        }
        world.check(
            !taken.keys.contains { $0.contains("evil") }, "a stranger's words were taken: \(taken.keys.sorted())")
        let lost = written.texts.filter { text in !taken.keys.contains { $0.hasPrefix(text) } }
        if !chat.hasDeletions {
            world.check(lost.isEmpty || lost.count <= refusals, "nobody was told what became of \(lost)")
        }
        for (text, count) in taken where text.hasPrefix("follow up") {
            world.check(count == 1, "\(text) was taken \(count) times")
        }
    }

    /// The texts that a session took in, and those of them that still wait in its queue.
    private static func taken(by final: Final) -> ([String: Int], [String]) {
        var taken: [String: Int] = [:]
        var waiting: [String] = []
        for entry in final.entries {
            switch entry {
            case .prompted(_, _, let text):
                taken[text, default: 0] += 1
                if let place = waiting.firstIndex(of: text) { waiting.remove(at: place) }
            case .queued(let text): waiting.append(text)
            case .answeredField(_, _, let values, _): for value in values { taken[value, default: 0] += 1 }
            case .resolved(_, let resolution) where taken[resolution.choice] == nil: taken[resolution.choice] = 1
            default: break
            }
        }
        return (taken, waiting)
    }

    /// How often the chats say that something was not taken.
    private var refusals: Int {
        let words = [
            "is over", "is ending", "is just ending", "is open; write", "goes on as", "sessions are at work",
            "No session is open", "wait already", "That is no repository", "may answer this",
            "may resume this", "came too late",
        ]
        return chat.said.count { text in words.contains(where: text.contains) }
    }

    /// What was written earlier to a session is prompted earlier.
    func checkOrder(_ finals: [Final]) {
        let places = chat.order
        for final in finals {
            let prompts = final.entries.compactMap { entry -> Int? in
                if case .prompted(_, _, let text) = entry { places[text] } else { nil }
            }
            world.check(prompts == prompts.sorted(), "\(final.name) took messages in another order: \(final.entries)")
        }
    }
}
