import TestJSON

/// Which answer a method and path get, and who may ask.
struct ModelRoutes: Sendable {
    let engine: ModelEngine
    let log: RequestLog
    let configuration: ScriptedModel.Configuration

    struct Call: Sendable {
        var number: Int
        var method: String
        var path: String
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]
    }

    func answer(_ call: Call) -> ModelAnswer {
        let dialect = dialect(of: call)
        do throws(ModelRefusal) {
            return try route(call, dialect)
        } catch {
            return refusal(error, dialect)
        }
    }

    func refusal(_ refusal: ModelRefusal, _ dialect: any ModelDialect) -> ModelAnswer {
        let id = "req_\(ModelEngine.newID())"
        var answer = ModelAnswer(
            status: refusal.status, headers: [("request-id", id), ("x-request-id", id)],
            body: .document(dialect.errorBody(refusal, requestID: id).text))
        if let seconds = refusal.retryAfter { answer.headers.append(("retry-after", "\(seconds)")) }
        return answer
    }

    func dialect(of call: Call) -> any ModelDialect {
        if call.path.hasPrefix("/v1/messages") || call.headers["anthropic-version"] != nil { return AnthropicDialect() }
        return call.path.hasSuffix("/responses") ? ResponsesDialect() : ChatDialect()
    }

    private func route(_ call: Call, _ dialect: any ModelDialect) throws(ModelRefusal) -> ModelAnswer {
        // Claude Code looks whether the host answers at all before it sends anything.
        if call.path == "/" { return ModelAnswer(body: .document("{}")) }
        let paths = ["/v1/messages", "/v1/messages/count_tokens", "/v1/responses", "/v1/chat/completions"]
        let isModels = call.path == "/v1/models" || call.path.hasPrefix("/v1/models/")
        guard isModels || paths.contains(call.path) else { throw dialect.refusal(status: 404) }
        guard call.method == (isModels ? "GET" : "POST") else {
            throw ModelRefusal(status: 405, type: "invalid_request_error", message: "Method Not Allowed")
        }
        try checkKey(call, dialect)
        if isModels { return try models(call, dialect) }
        try checkHeaders(call, dialect)
        if call.path.hasSuffix("/count_tokens") { return try engine.countTokens(body: call.body) }
        return try engine.answer(dialect, body: call.body) { log.update(call.number, $0) }
    }

    private func checkKey(_ call: Call, _ dialect: any ModelDialect) throws(ModelRefusal) {
        var given = dialect is AnthropicDialect ? call.headers["x-api-key"] : nil
        if given == nil, let header = call.headers["authorization"], header.lowercased().hasPrefix("bearer ") {
            given = String(header.dropFirst("bearer ".count))
        }
        guard let given, !given.isEmpty else { throw dialect.refusal(key: nil) }
        if let expected = configuration.key, given != expected { throw dialect.refusal(key: given) }
    }

    private func checkHeaders(_ call: Call, _ dialect: any ModelDialect) throws(ModelRefusal) {
        if dialect is AnthropicDialect, call.headers["anthropic-version"] == nil {
            throw .invalid("anthropic-version: header is required")
        }
        guard call.headers["content-type"]?.lowercased().hasPrefix("application/json") == true else {
            throw ModelRefusal(
                status: 415, type: "invalid_request_error",
                message: "Unsupported content type: this API only accepts 'application/json' requests.")
        }
        if let encoding = call.headers["content-encoding"], encoding != "identity" {
            throw ModelRefusal(
                status: 415, type: "invalid_request_error", message: "Unsupported content encoding: \(encoding)")
        }
    }

    private func models(_ call: Call, _ dialect: any ModelDialect) throws(ModelRefusal) -> ModelAnswer {
        let all = configuration.models.map { model -> JSON in
            dialect is AnthropicDialect
                ? [
                    "type": "model", "id": .string(model), "display_name": .string(model),
                    "created_at": "2026-01-01T00:00:00Z",
                ]
                : ["id": .string(model), "object": "model", "created": 1_767_225_600, "owned_by": "scripted"]
        }
        if call.path != "/v1/models" {
            let id = String(call.path.dropFirst("/v1/models/".count))
            guard let model = all.first(where: { $0["id"]?.string == id }) else { throw dialect.refusal(status: 404) }
            return ModelAnswer(body: .document(model.text))
        }
        var list: JSON = ["data": .array(all)]
        if dialect is AnthropicDialect {
            let ids = configuration.models.map(JSON.string)
            list = list.with(["has_more": false, "first_id": ids.first ?? .null, "last_id": ids.last ?? .null])
        } else {
            list = list.with(["object": "list"])
        }
        return ModelAnswer(body: .document(list.text))
    }
}
