/// Further questions and orders; each order tells who gives it.
extension ControlClient {
    /// - Parameter path: The node's path, as the tree tells it; ids may be shortened.
    package func restart(_ path: String, by person: String) throws(ControlError) -> RestartAnswer {
        try ask("POST", "/v1/restart", RestartRequest(by: person, path: path))
    }

    package func resources() throws(ControlError) -> ResourceList {
        try ask("GET", "/v1/resources")
    }

    /// Ends a resource that no live session owns.
    package func destroy(_ leasePrefix: String, by person: String) throws(ControlError) -> DoneAnswer {
        try patient(.seconds(120)).ask(
            "POST", "/v1/resources/\(try Self.segment(leasePrefix))/destroy", OperatorRequest(by: person))
    }

    /// Stops intake, ends all sessions and answers when they have ended, or the time is up.
    package func drain(within limit: Duration, by person: String) throws(ControlError) -> DrainAnswer {
        try patient(limit + .seconds(60)).ask(
            "POST", "/v1/drain", DrainRequest(by: person, seconds: limit / .seconds(1)))
    }

    /// Takes tasks again.
    package func undrain(by person: String) throws(ControlError) -> DoneAnswer {
        try ask("POST", "/v1/undrain", OperatorRequest(by: person))
    }

    /// Makes a one-time code for an owner.
    package func pair(_ platform: String?, by person: String) throws(ControlError) -> PairAnswer {
        try ask("POST", "/v1/pair", PairRequest(by: person, platform: platform))
    }

    package func findings() throws(ControlError) -> [Finding] {
        try patient(.seconds(60)).ask("GET", "/v1/doctor")
    }

    /// Calls `body` with the events that the daemon remembers and, if `follows`, with those that come.
    package func events(follows: Bool, _ body: (TreeEvent) -> Bool) throws(ControlError) {
        try stream(follows ? "/v1/events?follow=1" : "/v1/events", body)
    }

    /// Calls `body` with each piece of a session's log; if `follows`, until the session is over.
    package func log(_ idPrefix: String, follows: Bool, _ body: (LogEntry) -> Bool) throws(ControlError) {
        try stream("/v1/sessions/\(try Self.segment(idPrefix))/log" + (follows ? "?follow=1" : ""), body)
    }

    private func stream<Item: Decodable>(_ path: String, _ body: (Item) -> Bool) throws(ControlError) {
        let exchange = try Exchange(socketPath, "GET", path, body: nil)
        try exchange.lines(tickEvery: 1_000, patience: patience) { line throws(ControlError) in
            guard let line else { return true }
            return body(try Self.decode(line))
        }
    }

    private func patient(_ patience: Duration) -> ControlClient {
        ControlClient(socketPath: socketPath, patience: patience)
    }
}
