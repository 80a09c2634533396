/// Body of every request that changes something.
package struct OperatorRequest: Sendable, Equatable, Codable {
    /// Who asks, as the person is called; the daemon records the account behind the connection beside it.
    package var by: String

    package init(by: String) {
        self.by = by
    }
}

/// Body of `POST /v1/restart`.
package struct RestartRequest: Sendable, Equatable, Codable {
    package var by: String
    /// The node's path in the tree; ids may be shortened to any unique beginning.
    package var path: String

    package init(by: String, path: String) {
        self.by = by
        self.path = path
    }
}

/// Answer to a restart: it was begun.
package struct RestartAnswer: Sendable, Equatable, Codable {
    /// The node's whole path.
    package var path: String
    /// What it was doing before.
    package var state: String

    package init(path: String, state: String) {
        self.path = path
        self.state = state
    }
}

/// Body of `POST /v1/drain`.
package struct DrainRequest: Sendable, Equatable, Codable {
    package var by: String
    /// How long sessions may take to save and end.
    package var seconds: Double

    package init(by: String, seconds: Double) {
        self.by = by
        self.seconds = seconds
    }
}

/// Answer to a drain, once it is over or its time is up.
package struct DrainAnswer: Sendable, Equatable, Codable {
    /// How many sessions ended meanwhile.
    package var ended: Int
    /// Sessions that go on.
    package var left: [SessionSummary]
    /// What exists on providers.
    package var resources: ResourceList

    package init(ended: Int, left: [SessionSummary], resources: ResourceList) {
        self.ended = ended
        self.left = left
        self.resources = resources
    }
}

/// Body of `POST /v1/pair`.
package struct PairRequest: Sendable, Equatable, Codable {
    package var by: String
    /// The chat platform; `nil` for the only one that pairs.
    package var platform: String?

    package init(by: String, platform: String? = nil) {
        self.by = by
        self.platform = platform
    }
}

/// Answer to it: a code that makes whoever sends it an owner, once.
package struct PairAnswer: Sendable, Equatable, Codable {
    package var platform: String
    package var code: String
    /// How long it is good.
    package var minutes: Int

    package init(platform: String, code: String, minutes: Int) {
        self.platform = platform
        self.code = code
        self.minutes = minutes
    }
}

/// Answer to a verb that does one thing to one thing.
package struct DoneAnswer: Sendable, Equatable, Codable {
    /// What was done, as a sentence.
    package var message: String

    package init(message: String) {
        self.message = message
    }
}

/// What both sides of the control socket are.
package struct VersionReport: Sendable, Equatable, Codable {
    package var anycodectl: String
    /// `nil` when none answers.
    package var daemon: DaemonVersion?

    package init(anycodectl: String = AnycodeVersion.current, daemon: DaemonVersion?) {
        self.anycodectl = anycodectl
        self.daemon = daemon
    }
}
