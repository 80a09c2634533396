import AnycodeCore
import HTTPTransport

/// Why a call of the Engine's API failed.
enum EngineError: Error, Hashable, Sendable {
    case transport(HTTPError)
    /// The Engine's answer and its own words.
    case status(Int, String)
    case malformed(String)
    case incompatible(String)

    var isNotFound: Bool { hasStatus(404) }
    var isConflict: Bool { hasStatus(409) }
    var isCancelled: Bool {
        if case .transport(let error) = self { error.code == .cancelled } else { false }
    }

    /// What the Engine said, for looking at.
    var text: String {
        switch self {
        case .transport(let error): error.message
        case .status(_, let text), .malformed(let text), .incompatible(let text): text
        }
    }

    private func hasStatus(_ expected: Int) -> Bool {
        if case .status(expected, _) = self { true } else { false }
    }

    /// One line of an Engine's message, short enough for a chat.
    static func line(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return line.count > 300 ? "\(line.prefix(300))…" : line
    }
}

extension SandboxError {
    init(_ error: EngineError, doing what: String, host: DockerHost) {
        switch error {
        case .transport(let error): self.init(error, doing: what, host: host)
        case .status(let status, let text):
            let said = text.isEmpty ? "status \(status)" : EngineError.line(text)
            switch status {
            case 401, 403:
                self.init(
                    .misconfigured, "\(what): the Docker Engine does not allow it: \(said)",
                    hint: "Look at the rights of the daemon's access to \(host).")
            case 503, 429: self.init(.unavailable, "\(what): the Docker Engine is busy: \(said)")
            default: self.init(.failed, "\(what): the Docker Engine said: \(said)")
            }
        case .malformed(let text): self.init(.failed, "\(what): the Docker Engine's answer is not understood: \(text)")
        case .incompatible(let text): self.init(.misconfigured, "the Docker Engine cannot be used: \(text)")
        }
    }

    private init(_ error: HTTPError, doing what: String, host: DockerHost) {
        switch error.code {
        case .cancelled: self.init(.cancelled, "cancelled while \(what)")
        case .tls, .invalidRequest:
            self.init(.misconfigured, "\(what): \(error.message)", hint: "Check DOCKER_HOST and DOCKER_CERT_PATH.")
        case .connect where error.message.contains("Permission denied"):
            self.init(
                .misconfigured, "the daemon may not use the Docker Engine at \(host)",
                hint: "Add its user to the group docker, or use a rootless Engine.")
        case .connect:
            self.init(
                .unavailable, "the Docker Engine at \(host) is not reachable",
                hint: "Start it (systemctl start docker), or set DOCKER_HOST.")
        case .timeout: self.init(.unavailable, "\(what): the Docker Engine did not answer in time")
        case .interrupted: self.init(.unavailable, "\(what): the Docker Engine broke the connection")
        default: self.init(.failed, "\(what): \(error.message)")
        }
    }
}
