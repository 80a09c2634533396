import AnycodeCore

/// Waiting for people, and more time for the agent.
extension SessionMachine {
    // MARK: People

    /// Remembers since when each open ask waits.
    mutating func noteAsks() {
        let open = state.asks.map(\.ask.id)
        guard !open.isEmpty || !askedSince.isEmpty else { return }
        askedSince = askedSince.filter { open.contains($0.key) }
        for id in open where askedSince[id] == nil { askedSince[id] = now }
    }

    var personDeadlines: SessionDeadlines.Names {
        var wanted = SessionDeadlines.Names(.person)
        wanted.insert(.reminder)
        return wanted
    }

    /// When the next person is reminded; `nil` when all were.
    var reminderDue: Duration? { state.asks.filter { !$0.isReminded }.map(reminderIsDue).min() }

    private func reminderIsDue(_ open: SessionState.OpenAsk) -> Duration {
        (askedSince[open.ask.id] ?? now) + policy.reminder
    }

    mutating func remind() {
        for place in state.asks.indices {
            let open = state.asks[place]
            guard !open.isReminded, reminderIsDue(open) <= now else { continue }
            state.asks[place].isReminded = true
            record(.reminded(open.ask.id))
        }
    }

    mutating func personExpired() {
        if isDecidingTrust { return trustExpired() }
        end(.parked, "nobody answered for \(words(policy.person)); the request was answered with no", rings: true)
    }

    // MARK: The agent's time

    /// The policy's, and what people gave beyond it.
    var agentTimeLimit: Duration? { policy.agentTime.map { $0 + .seconds(state.grantedSeconds) } }

    /// Whether more than this limit was not offered yet.
    func isOfferOpen(_ limit: Duration) -> Bool { state.announcedLimit < limit.inSeconds }

    /// After how much of the agent's time more is offered. Time just given is not asked about before it begins.
    func offerIsDue(_ limit: Duration) -> Duration {
        max(limit * 4 / 5, state.grantedSeconds > 0 ? limit - TimeOffer.step : .zero)
    }

    mutating func agentTimeExpired() {
        let limit = words(agentTimeLimit ?? .zero)
        note("The time limit of \(limit) is reached; the turn is being stopped.")
        end(.timedOut, "the time limit of \(limit) was reached", rings: true)
    }

    mutating func offerTime() {
        guard state.phase == .working, let limit = agentTimeLimit else { return }
        state.timeOfferCount += 1
        state.announcedLimit = limit.inSeconds
        let offer = TimeOffer(
            id: state.timeOfferCount, used: Int(agentTimeUsed.inSeconds.rounded()),
            limit: Int(limit.inSeconds.rounded()), token: makeID())
        state.timeOffer = offer
        record(.timeOffered(offer))
    }

    mutating func moreTimeRequested(_ id: TimeOffer.ID, by person: Person, _ callback: String) {
        guard state.timeOffer?.id == id, !isEnding else {
            return act(.answerClick(callback, note: "This has been settled already."))
        }
        guard mayControl(person) else {
            return act(.answerClick(callback, note: "Only \(header.starter.name) may give more time."))
        }
        state.timeOffer = nil
        state.grantedSeconds += TimeOffer.step.inSeconds
        deadlines[.agentTime] = nil  // it is set anew by the limit of now
        let limit = agentTimeLimit ?? .zero
        record(.timeGranted(id, by: person, limit: Int(limit.inSeconds.rounded())))
        act(.answerClick(callback, note: "The agent may work for \(words(limit)) in all."))
    }
}
