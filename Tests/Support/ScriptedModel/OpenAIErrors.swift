import TestJSON

/// What OpenAI's two APIs say alike when they refuse. Source: platform.openai.com/docs/guides/error-codes.
protocol OpenAIDialect: ModelDialect {}

extension OpenAIDialect {
    func errorBody(_ refusal: ModelRefusal, requestID: String) -> JSON {
        [
            "error": [
                "message": .string(refusal.message), "type": .string(refusal.type),
                "param": refusal.param.map(JSON.string) ?? .null, "code": refusal.code.map(JSON.string) ?? .null,
            ]
        ]
    }

    func refusal(key: String?) -> ModelRefusal {
        guard let key else {
            return ModelRefusal(
                status: 401, type: "invalid_request_error",
                message: "You didn't provide an API key. You need to provide your API key in an Authorization header "
                    + "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).")
        }
        return ModelRefusal(
            status: 401, type: "invalid_request_error",
            message: "Incorrect API key provided: \(key.prefix(3))***. You can find your API key at "
                + "https://platform.openai.com/account/api-keys.", code: "invalid_api_key")
    }

    func refusal(status: Int) -> ModelRefusal {
        switch status {
        case 400: .invalid("The request is invalid.")
        case 401: refusal(key: "sk-")
        case 404: ModelRefusal(status: 404, type: "invalid_request_error", message: "Not found", code: "not_found")
        case 429:
            ModelRefusal(
                status: 429, type: "requests", message: "Rate limit reached for requests. Please try again later.",
                code: "rate_limit_exceeded")
        case 503, 529:
            ModelRefusal(
                status: status, type: "server_error",
                message: "The engine is currently overloaded, please try again later.", code: "server_is_overloaded")
        default:
            ModelRefusal(
                status: status, type: "server_error",
                message: "The server had an error while processing your request. Sorry about that!")
        }
    }

    func model(of body: JSON) throws(ModelRefusal) -> String {
        guard body.object != nil else {
            throw .invalid("We could not parse the JSON body of your request.")
        }
        guard let model = body["model"]?.string, !model.isEmpty else { throw missing("model") }
        if let stream = body["stream"], stream.bool == nil { throw wrongType("stream", expected: "a boolean") }
        return model
    }

    func missing(_ param: String) -> ModelRefusal {
        .invalid("Missing required parameter: '\(param)'.", param: param, code: "missing_required_parameter")
    }

    func wrongType(_ param: String, expected: String) -> ModelRefusal {
        .invalid("Invalid type for '\(param)': expected \(expected).", param: param, code: "invalid_type")
    }

    func unsupported(_ value: String, _ param: String, _ supported: [String]) -> ModelRefusal {
        let list = supported.map { "'\($0)'" }.joined(separator: ", ")
        return .invalid(
            "Invalid value: '\(value)'. Supported values are: \(list).", param: param, code: "invalid_value")
    }

    func checkName(_ name: String, _ param: String) throws(ModelRefusal) {
        if ToolName.isValid(name, limit: 64) { return }
        throw .invalid(
            "Invalid '\(param)': string does not match pattern. Expected a string that matches the pattern "
                + "'^[a-zA-Z0-9_-]+$'.", param: param, code: "invalid_value")
    }
}
