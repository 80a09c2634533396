package import TestJSON

/// What the model says and does once a word was used in a prompt.
package struct ModelScript: Sendable, Hashable {
    /// The script is taken when the last user text contains this word, in this case; nil takes every prompt.
    package var word: String?
    package var steps: [Step]

    package init(word: String? = nil, steps: [Step]) {
        self.word = word
        self.steps = steps
    }

    /// One answer of the model; the next one follows when all its calls have results.
    package struct Step: Sendable, Hashable {
        package var thinking: String?
        package var text: String
        /// How often the text is said in this answer, for large outputs.
        package var repetitions: Int
        package var calls: [ModelCall]
        /// Answered instead of all else.
        package var failure: ModelFailure?
        /// Pause after each streamed word.
        package var pace: Duration
        /// The connection is closed without an end after this many streamed words.
        package var cutAfterWords: Int?

        package init(
            _ text: String = "", thinking: String? = nil, repetitions: Int = 1, calls: [ModelCall] = [],
            failure: ModelFailure? = nil, pace: Duration = .zero, cutAfterWords: Int? = nil
        ) {
            self.text = text
            self.thinking = thinking
            self.repetitions = repetitions
            self.calls = calls
            self.failure = failure
            self.pace = pace
            self.cutAfterWords = cutAfterWords
        }

        var fullText: String {
            repetitions == 1 ? text : String(repeating: text, count: max(0, repetitions))
        }
    }
}

/// What a script wants done, fitted to the tools an agent offers.
package enum ModelCall: Sendable, Hashable {
    case shell(command: String)
    case write(path: String, content: String)
    case ask(question: String, options: [String])
    /// A tool by its exact name, with exactly this input; a string is the input of a custom tool.
    case named(String, input: JSON)
}

/// An error answer of the API.
package struct ModelFailure: Sendable, Hashable {
    /// 400 to 599; the body is the one that the asked API sends with it.
    package var status: Int
    /// Sent as `retry-after`, in seconds.
    package var retryAfter: Int?
    /// How many requests fail before the step's other content is answered; nil: all.
    package var times: Int?

    package init(status: Int, retryAfter: Int? = nil, times: Int? = nil) {
        self.status = status
        self.retryAfter = retryAfter
        self.times = times
    }
}

extension ModelScript {
    /// The step that follows `results` tool results, with its index; past the end the model has nothing more to do.
    func step(afterResults results: Int) -> (index: Int, step: Step) {
        var left = results
        for (index, step) in steps.enumerated() {
            if step.calls.isEmpty || left < step.calls.count { return (index, step) }
            left -= step.calls.count
        }
        return (steps.count, Step("Nothing is left to do."))
    }
}

extension [ModelScript] {
    /// The first script whose word stands in `text`, else the first without a word.
    func script(for text: String) -> ModelScript? {
        let words = Set(text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
        return first { $0.word.map(words.contains) ?? false } ?? first { $0.word == nil }
    }
}
