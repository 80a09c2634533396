import AnycodeCore
import AnycodeJSON
import HTTPTransport

/// The runner's refusals, and failures of the transport, as ``AgentError``.
enum RunnerProblem {
    static func translated<Value>(
        _ body: () async throws(HTTPError) -> Value
    ) async throws(AgentError) -> Value {
        do {
            return try await body()
        } catch {
            throw AgentError(error)
        }
    }

    /// The error of an answer with problem+json, or with anything else.
    static func error(status: Int, body: [UInt8]) -> AgentError {
        let problem = (try? JSON(parsing: body)) ?? .null
        let kind = problem.text("type")?.split(separator: ":").last.map(String.init) ?? ""
        let detail = problem.text("detail") ?? problem.text("title") ?? "The runner answered with status \(status)"
        let code = code(status: status, kind: kind)
        return AgentError(
            code, ACPLimits.shorten(detail.withoutFullStop, to: ACPLimits.message),
            hint: code == .repositoryDenied ? "github.token needs the permission Contents, read and write." : nil)
    }

    /// A route of ours that the runner does not have.
    static let unsupported = AgentError(
        .unsupported, "The sandbox's runner is of an older version, which cannot do this",
        hint: "End the session and start a new one: its sandbox gets the newer runner.")

    private static func code(status: Int, kind: String) -> AgentError.Code {
        switch (status, kind) {
        case (_, "agent_not_installed"), (_, "unsupported_agent"): .agentMissing
        case (_, "agent_process_exited"): .failed
        case (_, "repository_denied"): .repositoryDenied
        case (401, _), (403, _): .unauthorized
        case (409, _): .conflict
        case (413, _): .tooLarge
        case (406, _), (415, _): .protocolViolation
        case (429, _), (502...504, _): .unreachable
        default: .failed
        }
    }

    /// The error that a failed preparation of the workspace names.
    static func preparation(_ error: JSON) -> AgentError {
        let message = ACPLimits.shorten(
            (error.text("message") ?? "The workspace could not be prepared").withoutFullStop, to: ACPLimits.message)
        let code: AgentError.Code =
            switch error.text("code") {
            case "authentication": .repositoryDenied
            case "notFound": .repositoryNotFound
            case "network": .unreachable
            default: .failed
            }
        return AgentError(code, message)
    }
}

extension AgentError {
    init(_ error: HTTPError) {
        let code: Code =
            switch error.code {
            case .connect, .timeout, .interrupted: .unreachable
            case .cancelled, .shutdown: .cancelled
            case .tooLarge: .tooLarge
            case .protocolViolation: .protocolViolation
            case .invalidRequest, .tls, .internal: .failed
            }
        self.init(code, error.message.withoutFullStop, hint: error.hint.isEmpty ? nil : error.hint)
    }
}

extension String {
    /// Messages are joined with their hint, which adds the full stop.
    var withoutFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
