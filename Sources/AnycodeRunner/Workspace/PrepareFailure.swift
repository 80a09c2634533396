/// Why a workspace could not be made, by whose fault.
struct PrepareFailure: Error, Sendable, Equatable {
    enum Code: String, Sendable {
        case authentication, notFound, network, disk, invalid, `internal`
    }

    var code: Code
    var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: any Error) {
        switch error {
        case let failure as PrepareFailure: self = failure
        case let error as RunnerError:
            self.init(error.code == .storage ? .disk : error.code == .invalid ? .invalid : .internal, error.description)
        case is CancellationError: self.init(.internal, "The runner is shutting down.")
        default: self.init(.internal, "The workspace could not be made: \(type(of: error)).")
        }
    }

    /// Reads git's words (its locale is C); the wording is git's and curl's own.
    init(git outcome: Git.Outcome, address: String) {
        let words = outcome.words.lowercased()
        func said(_ parts: String...) -> Bool { parts.contains { words.contains($0) } }
        let lines = outcome.words.split(whereSeparator: \.isNewline)
        let telling = lines.last { $0.hasPrefix("fatal: ") || $0.hasPrefix("error: ") } ?? lines.last ?? ""
        let detail = telling.isEmpty ? "git \(outcome.exit.words)" : String(telling.prefix(500))
        switch true {
        case said("no space left", "disk quota"): self.init(.disk, "The sandbox's disk is full.")
        case said(
            "authentication failed", "could not read username", "could not read password", "terminal prompts disabled",
            "permission denied (publickey", "error: 401", "error: 403", "access denied"):
            self.init(.authentication, "\(address) wants credentials, or refused those it got: \(detail)")
        case said(
            "not found", "does not exist", "does not appear to be a git repository", "couldn't find remote ref",
            "repository '", "not our ref"):
            self.init(.notFound, "Not found at \(address): \(detail)")
        case said(
            "could not resolve host", "failed to connect", "couldn't connect", "connection refused", "timed out",
            "unable to connect", "connection reset", "network is unreachable", "early eof", "ssl", "http2 framing",
            "the remote end hung up", "could not connect", "error: 5"):
            self.init(.network, "\(address) could not be reached: \(detail)")
        case outcome.exit.signal == 9: self.init(.network, "Cloning \(address) took too long.")
        default: self.init(.internal, detail)
        }
    }
}
