/// Body of `POST /v1/sessions/{idPrefix}/cancel`.
package struct CancelRequest: Sendable, Equatable, Codable {
    /// Who asked, for the record and for the chat.
    package var by: String

    package init(by: String) {
        self.by = by
    }
}

/// Answer to a cancel: it was passed on; the session ends when its work is saved.
package struct CancelAnswer: Sendable, Equatable, Codable {
    package var id: String
    /// The session's state when it was told.
    package var state: String

    package init(id: String, state: String) {
        self.id = id
        self.state = state
    }
}

/// Answer of `GET /v1/version`.
package struct DaemonVersion: Sendable, Equatable, Codable {
    package var version: String
    package var pid: Int
    /// Seconds since the daemon started.
    package var uptime: Double

    package init(version: String, pid: Int, uptime: Double) {
        self.version = version
        self.pid = pid
        self.uptime = uptime
    }
}

/// Body of every answer that is not a success.
package struct Refusal: Sendable, Equatable, Codable {
    package enum Code: String, Sendable, Codable {
        case notFound, ambiguous, badRequest, conflict, unavailable, failed
    }

    package var code: Code
    package var message: String
    package var hint: String?
    /// Ids that an ambiguous prefix may mean.
    package var candidates: [String]?

    package init(_ code: Code, _ message: String, hint: String? = nil, candidates: [String]? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.candidates = candidates
    }

    /// The HTTP status that goes with the code.
    package var status: Int {
        switch code {
        case .notFound: 404
        case .ambiguous, .conflict: 409
        case .badRequest: 400
        case .unavailable: 503
        case .failed: 500
        }
    }
}

extension Refusal: Error {}
