package import AnycodeCore
import AnycodeJSON
import HTTPTransport

/// One agent behind a runner, spoken to in ACP over HTTP and server-sent events.
///
/// Results are taken from the stream by id, never from a POST's answer: a timeout of the runner (504) means accepted.
package struct ACPClient: AgentClient {
    /// Our name for the one agent of a sandbox.
    static let serverID = "anycode"

    private let endpoint: RunnerEndpoint
    private let agent: AgentName
    private let configuration: RunnerConnector.Configuration
    private let start = ACPStart()

    init(_ endpoint: RunnerEndpoint, agent: AgentName, configuration: RunnerConnector.Configuration) {
        self.endpoint = endpoint
        self.agent = agent
        self.configuration = configuration
    }

    package func send(_ call: AgentCall) async throws(AgentError) {
        try await post(ACPEncoder(version: configuration.version).message(for: call))
    }

    /// Opens the stream. Before the first message there is none: then this waits until one was taken.
    package func events(after cursor: Int64?) async throws(AgentError) -> AgentEventStream {
        let mayWait = (cursor ?? 0) == 0 && !start.isDone
        var stream = try await endpoint.stream(streamRequest(after: cursor))
        if stream.status == 404, mayWait {
            await start.wait()
            stream = try await endpoint.stream(streamRequest(after: cursor))
        }
        try await endpoint.check(stream)
        let reader = ACPEventReader(stream.body, cursor: cursor, limit: configuration.messageBytes)
        return AgentEventStream { () throws(AgentError) in
            guard let batch = try await reader.next() else { return nil }
            for reply in batch.replies { await decline(reply) }
            return batch.items
        }
    }

    private func streamRequest(after cursor: Int64?) -> HTTPRequest {
        var request = endpoint.request(
            .get, path, headers: [HTTPHeader("Accept", "text/event-stream"), HTTPHeader("Cache-Control", "no-store")],
            total: nil)
        if let cursor { request.headers.append(HTTPHeader("Last-Event-ID", String(cursor))) }
        request.timeouts.idle = configuration.silence
        request.limits.bodyBytes = nil
        request.limits.receiveBuffer = 4 * 1024
        return request
    }

    package func acknowledge(_ cursor: Int64) async throws(AgentError) {
        let request = endpoint.request(
            .post, "/anycode/v1/acp/\(Self.serverID)/acknowledge", json: ["event_id": .integer(cursor)])
        try await endpoint.send(request)
    }

    /// Ends the agent and every process it started.
    package func close() async throws(AgentError) {
        try await endpoint.send(endpoint.request(.delete, path))
    }

    private var path: String { "/v1/acp/\(Self.serverID)" }

    private func post(_ message: JSON) async throws(AgentError) {
        var request = endpoint.request(
            .post, path, query: [("agent", agent.rawValue)], headers: [HTTPHeader("Accept", "application/json")],
            json: message, total: configuration.acceptance)
        if message["method"] != nil, message["id"] != nil {
            request.headers.append(HTTPHeader("Prefer", "respond-async"))
        }
        // The answer of an answered call may be long; it is not read from here, but it must arrive.
        request.limits.bodyBytes = configuration.messageBytes
        let final = request
        let response = try await endpoint.answer(final)
        guard response.isSuccess || response.status == 504 else {
            throw RunnerProblem.error(status: response.status, body: response.body)
        }
        start.done()
    }

    /// Answers what no person can. Lost, the request comes again with the next stream.
    private func decline(_ reply: JSON) async {
        do {
            try await post(reply)
        } catch {
            return
        }
    }
}
