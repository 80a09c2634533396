/// What the agents said against what the chat shows: counts, and every difference in words.
package struct Verdict: Sendable, Hashable {
    package var lines = 0
    package var messages = 0
    package var lost: [String] = []
    package var repeated: [String] = []
    package var labelled = 0
    package var disordered: [String] = []
    /// Anything else that should not be.
    package var wrong: [String] = []

    package init() {}

    package var isGood: Bool { lost.isEmpty && repeated.isEmpty && disordered.isEmpty && wrong.isEmpty }

    package var problems: [String] { lost + repeated + disordered + wrong }

    package mutating func add(_ other: Verdict) {
        lines += other.lines
        messages += other.messages
        lost += other.lost
        repeated += other.repeated
        labelled += other.labelled
        disordered += other.disordered
        wrong += other.wrong
    }

    /// - Parameters:
    ///   - deeds: what people did to the job.
    ///   - patch: a saved patch's text, by its path; `nil` when there is none.
    package init(
        _ job: Job, _ testimony: Testimony, _ chat: ChatReading, deeds: Deeds, patch: (String) -> String? = { _ in nil }
    ) {
        messages = chat.messages.count
        compareLines(testimony, chat)
        compareAsks(job, testimony, chat, deeds)
        compareFinals(job, testimony, chat, deeds)
        comparePrompts(job, testimony, chat, deeds)
        comparePatches(testimony, chat, patch)
        let name = "job \(job.number)"
        lost = lost.map { "\(name): \($0)" }
        repeated = repeated.map { "\(name): \($0)" }
        disordered = disordered.map { "\(name): \($0)" }
        wrong = wrong.map { "\(name): \($0)" }
    }

    // MARK: Lines

    private mutating func compareLines(_ testimony: Testimony, _ chat: ChatReading) {
        lines = testimony.said.count
        var copies: [String: [Int]] = [:]
        for (place, message) in chat.messages.enumerated() {
            for line in message.lines { copies[line, default: []].append(place) }
        }
        lost += testimony.owed.filter { copies[$0] == nil }.map { "line \($0) is missing" }
        let said = Set(testimony.said)
        wrong += copies.keys.filter { !said.contains($0) }.sorted().map { "line \($0) was never said" }
        for (line, places) in copies.sorted(by: { $0.key < $1.key }) {
            count(places.map { chat.messages[$0] }, "line \(line)")
        }
        // A repeat replaces what it may repeat, so the last copy is the one that counts.
        let shown = chat.messages.enumerated().flatMap { place, message in
            message.lines.filter { copies[$0]?.last == place }
        }
        let numbers = Dictionary(testimony.said.enumerated().map { ($1, $0) }) { first, _ in first }
        var last = -1
        for line in shown {
            guard let number = numbers[line] else { continue }
            if number < last { disordered.append("line \(line) comes too late") }
            last = max(last, number)
        }
    }

    /// Of several copies all but one have to say that they may be repeats.
    private mutating func count(_ copies: [ChatReading.Message], _ what: String) {
        let plain = copies.count { !$0.isLabelled }
        labelled += max(0, min(copies.count - plain, copies.count - 1))
        if plain > 1 { repeated.append("\(what) is there \(plain) times without a label") }
    }

    // MARK: Questions

    private mutating func compareAsks(_ job: Job, _ testimony: Testimony, _ chat: ChatReading, _ deeds: Deeds) {
        let copies = Dictionary(grouping: chat.messages.filter { $0.question != nil }) { $0.question ?? "" }
        for (question, messages) in copies.sorted(by: { $0.key < $1.key }) { count(messages, "question \(question)") }
        if testimony.answeredTwice > 0 { repeated.append("\(testimony.answeredTwice) answers reached the agent again") }
        for question in testimony.asked where deeds.answers[question] != nil {
            if copies[question] == nil { lost.append("question \(question) is missing") }
        }
        for (question, wanted) in deeds.answers.sorted(by: { $0.key < $1.key }) {
            let got = testimony.answers[question] ?? []
            if got.count > 1 { repeated.append("the answer to \(question) reached the agent \(got.count) times") }
            // Words that come too late for their question are a message like any other.
            let asPrompt = testimony.prompts[wanted] ?? 0
            if got.isEmpty, asPrompt == 0, !deeds.wasInterrupted {
                lost.append("the answer to \(question) never reached the agent")
            }
            if let answer = got.first, answer != wanted, !(answer == "cancelled" && deeds.wasInterrupted),
                !(wanted.hasPrefix("words-") && job.prompts.contains(answer))
            {
                wrong.append("\(question) was answered \(answer), not \(wanted)")
            }
        }
    }

    // MARK: Turns

    private mutating func compareFinals(_ job: Job, _ testimony: Testimony, _ chat: ChatReading, _ deeds: Deeds) {
        let heads = chat.heads
        if heads.isEmpty { lost.append("the first message is missing") }
        count(heads, "the first message")
        let finals = chat.finals
        let plain = finals.count { !$0.isLabelled }
        let turns = testimony.ends.count
        labelled += max(0, finals.count - turns)
        if finals.isEmpty { lost.append("there is no final message") }
        // A turn that was cut short has its final as well, and a session that was ended one of its own.
        let most = deeds.wasInterrupted ? testimony.prompts.values.reduce(1, +) : turns
        if plain > most {
            repeated.append("\(plain) final messages without a label for \(turns) turns")
        }
        if finals.count < turns, !deeds.wasInterrupted {
            lost.append("\(finals.count) final messages for \(turns) turns")
        }
        guard let end = chat.end else { return wrong.append("it has not ended") }
        let isFailed = end.hasPrefix("failed") || end.hasPrefix("timed out")
        if isFailed, !deeds.hasLostRunner {
            wrong.append("it ended as \(end): \(finals.last?.words.prefix(200) ?? "")")
        }
    }

    private mutating func comparePrompts(_ job: Job, _ testimony: Testimony, _ chat: ChatReading, _ deeds: Deeds) {
        for (prompt, count) in testimony.prompts.sorted(by: { $0.key < $1.key }) where count > 1 {
            repeated.append("prompt \(prompt) reached the agent \(count) times")
        }
        for turn in 1...job.prompts.count where deeds.said.contains(turn) {
            guard testimony.prompts["j\(job.number)t\(turn)"] == nil, !deeds.wasInterrupted else { continue }
            // Words that come while words are asked for are the answer.
            let isAnswer = testimony.answers.values.contains { $0.contains(job.prompts[turn - 1]) }
            let isTold = ["too late", "No session", "is ending", "is over"].contains { words in
                chat.messages.contains { $0.words.contains(words) }
            }
            if turn == 1 || !(isTold || isAnswer) {
                lost.append("prompt \(turn) never reached the agent, and nobody was told")
            }
        }
    }

    // MARK: Work

    /// The last patch holds all that was written.
    private mutating func comparePatches(
        _ testimony: Testimony, _ chat: ChatReading, _ patch: (String) -> String?
    ) {
        guard !testimony.files.isEmpty else { return }
        guard let path = chat.patches.last else { return lost.append("no patch is named for what was written") }
        guard let text = patch(path) else { return lost.append("the patch \(path) is missing") }
        for file in testimony.files where !text.contains("+written by \(file)") {
            lost.append("what \(file) wrote is not in the patch")
        }
    }
}

/// What people did to a job, and what the storm did.
package struct Deeds: Sendable, Hashable {
    /// Which of the prompts were written, by turn.
    package var said: Set<Int> = []
    /// The answer to each question, as the agent should hear it.
    package var answers: [String: String] = [:]
    /// A person ended it or its turn, or the daemon was told to end everything.
    package var wasStopped = false
    package var hasLostRunner = false

    package init() {}

    /// Whether something other than its own end may have ended it.
    var wasInterrupted: Bool { wasStopped || hasLostRunner }
}
