package import FakeTelegram
import HTTPTestSupport
import Synchronization

/// The people in the chats: they give tasks, answer, follow up, cancel, and look at what the chats show.
package final class People: Sendable {
    private struct Case {
        let job: Job
        let began: ContinuousClock.Instant
        var deeds = Deeds()
        var toDo: [Job.Deed]
        /// When a button or a question was first seen, and how long this person takes.
        var seen: [String: (at: ContinuousClock.Instant, patience: Duration)] = [:]
        var done: Set<String> = []
        var endedAt: ContinuousClock.Instant?
    }

    private struct State {
        var random: SeededRandom
        var cases: [Int: Case] = [:]
        var lastJob = 0
        var isClosing = false
    }

    private let telegram: FakeTelegram
    private let lines: Int
    private let state: Mutex<State>

    /// - Parameter lines: the most that an agent says in a turn.
    package init(_ telegram: FakeTelegram, lines: Int, seed: UInt64) {
        self.telegram = telegram
        self.lines = lines
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    /// Jobs that have not ended.
    package var live: Int { state.withLock { $0.cases.values.count { $0.endedAt == nil } } }
    /// Whether nobody gives new tasks any more.
    package var isClosing: Bool { state.withLock { $0.isClosing } }
    package var ended: Int { state.withLock { $0.cases.values.count { $0.endedAt != nil } } }

    package var jobs: [(job: Job, deeds: Deeds, endedAt: ContinuousClock.Instant?)] {
        state.withLock { $0.cases.values.map { ($0.job, $0.deeds, $0.endedAt) } }.sorted { $0.0.number < $1.0.number }
    }

    package func reading(_ job: Job) -> ChatReading {
        ChatReading(telegram.messages(in: job.chat).map { .init($0.text, buttons: $0.buttons.flatMap { $0 }) })
    }

    /// Nobody gives new tasks from now on.
    package func close() { state.withLock { $0.isClosing = true } }

    /// A person gives a new task in a new chat.
    package func begin() {
        let job = state.withLock { state in
            state.lastJob += 1
            let job = Job(number: state.lastJob, lines: lines, random: &state.random)
            state.cases[job.number] = Case(job: job, began: .now, deeds: Deeds(), toDo: job.deeds)
            state.cases[job.number]?.deeds.said.insert(1)
            return job
        }
        telegram.addChat(job.chat)
        say("/task " + job.prompts[0], job)
    }

    /// The storm ends something that people did not end.
    package func note(_ job: Int, _ change: (inout Deeds) -> Void) {
        state.withLock { state in
            guard var known = state.cases[job] else { return }
            change(&known.deeds)
            state.cases[job] = known
        }
    }

    /// The daemon was told to end every session.
    package func noteShutdown() {
        state.withLock { state in
            for job in state.cases.keys where state.cases[job]?.endedAt == nil {
                state.cases[job]?.deeds.wasStopped = true
            }
        }
    }

    /// Everybody looks at their chat once and does what is due.
    package func look() {
        for (job, deeds, endedAt) in jobs where endedAt == nil {
            let messages = telegram.messages(in: job.chat)
            answer(messages, job, deeds)
            act(messages, job)
            if reading(job).end != nil { state.withLock { $0.cases[job.number]?.endedAt = .now } }
        }
    }

    // MARK: Answers

    private func answer(_ messages: [Message], _ job: Job, _ deeds: Deeds) {
        for message in messages {
            let reading = ChatReading.Message(message.text, buttons: [])
            guard let question = reading.question, !reading.text.contains("→") else { continue }
            let buttons = message.buttons.flatMap { $0 }
            let choices = buttons.filter { ["Allow once", "Reject", "Red", "Blue"].contains($0[0]) }
            if !choices.isEmpty {
                guard isDue("\(message.id)", job) else { continue }
                let index = state.withLock { $0.random.next() } % UInt64(choices.count)
                let wanted = deeds.answers[question].flatMap { Self.label($0) }
                let choice = choices.first { $0[0] == wanted } ?? choices[Int(index)]
                note(job.number) { $0.answers[question] = Self.heard(choice[0]) }
                telegram.press(choice[1], on: message.id, by: job.chat, in: job.chat)
                // Some press twice.
                if index == 0 { telegram.press(choice[1], on: message.id, by: job.chat, in: job.chat) }
            } else if reading.text.contains("Answer with a message"), isDue(question, job) {
                note(job.number) { $0.answers[question] = "words-\(question)" }
                say("words-\(question)", job)
            }
        }
    }

    private static let heard = ["Allow once": "once", "Reject": "no", "Red": "red", "Blue": "blue"]

    private static func heard(_ label: String) -> String { heard[label] ?? label }
    private static func label(_ answer: String) -> String? { heard.first { $0.value == answer }?.key }

    /// `true` once for each thing, a while after it was first seen.
    private func isDue(_ thing: String, _ job: Job) -> Bool {
        state.withLock { state in
            guard var known = state.cases[job.number], !known.done.contains(thing) else { return false }
            guard let seen = known.seen[thing] else {
                let patience = Duration.milliseconds(Int.random(in: 100...2500, using: &state.random))
                state.cases[job.number]?.seen[thing] = (.now, patience)
                return false
            }
            guard .now - seen.at >= seen.patience else { return false }
            known.done.insert(thing)
            state.cases[job.number] = known
            return true
        }
    }

    // MARK: Deeds

    private func act(_ messages: [Message], _ job: Job) {
        let due = state.withLock { state -> Job.Deed? in
            guard let known = state.cases[job.number], let next = known.toDo.first else { return nil }
            guard .now - known.began >= .seconds(next.after) else { return nil }
            state.cases[job.number]?.toDo.removeFirst()
            return next
        }
        switch due {
        case .followUp(let turn, _)?:
            note(job.number) { $0.said.insert(turn) }
            say(job.prompts[turn - 1], job)
        case .cancelCommand?:
            note(job.number) { $0.wasStopped = true }
            say("/cancel", job)
        case .stop?:
            note(job.number) { $0.wasStopped = true }
            say("/stop", job)
        case .cancelButton?:
            guard let head = messages.first(where: { $0.buttons.joined().contains { $0[0] == "Cancel" } }),
                let button = head.buttons.joined().first(where: { $0[0] == "Cancel" })
            else { return }
            note(job.number) { $0.wasStopped = true }
            telegram.press(button[1], on: head.id, by: job.chat, in: job.chat)
        case nil: break
        }
    }

    private func say(_ text: String, _ job: Job) {
        telegram.say(text, by: job.chat, in: job.chat)
    }
}
