/// One prompt from its beginning to its end.
struct Turn: Sendable {
    enum Outcome: Sendable, Equatable {
        case stopped(String)
        case failed(String)
    }

    var session: Session
    let prompt: String
    let wire: Wire
    /// Whether the client can show forms.
    let takesForms: Bool
    let updates: Updates
    private(set) var said = ""

    init(session: Session, prompt: String, wire: Wire, takesForms: Bool, pace: Duration) {
        self.session = session
        self.prompt = prompt
        self.wire = wire
        self.takesForms = takesForms
        let slow = Behaviour(prompt: prompt) == .slow
        updates = Updates(wire: wire, session: session.id, pace: slow ? max(pace, .milliseconds(20)) * 10 : pace)
    }

    /// Runs to the end; leaves the session as the next turn finds it.
    mutating func run() async -> Outcome {
        session.history.append(.init(byUser: true, text: prompt))
        defer {
            if !said.isEmpty { session.history.append(.init(byUser: false, text: said)) }
        }
        do {
            let outcome = try await work()
            session.tokens += 400 + (prompt.count + said.count) / 4
            if outcome == .stopped("end_turn"), !said.isEmpty { updates.usage(tokens: session.tokens) }
            return outcome
        } catch is CancellationError {
            return .stopped("cancelled")
        } catch {
            return .failed("The demo agent could not go on: \(error)")
        }
    }

    private mutating func work() async throws -> Outcome {
        switch Behaviour(prompt: prompt) {
        case nil, .slow?:
            try await welcome()
            return .stopped("end_turn")
        case let behaviour?:
            return try await behave(behaviour)
        }
    }

    /// Says something, and remembers it.
    mutating func say(_ text: String) async throws {
        said += text
        try await updates.stream(text)
    }

    func think(_ text: String) async throws {
        try await updates.stream(text, thought: true)
    }
}
