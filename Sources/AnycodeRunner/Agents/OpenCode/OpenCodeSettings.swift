import AnycodeJSON

/// The server's own agents, which are what others call modes, and its models.
struct OpenCodeSettings: Sendable {
    private struct Choice: Sendable {
        var id: String
        var name: String
    }

    private var modes: [Choice] = []
    private var models: [Choice] = []
    private var sizes: [String: Int64] = [:]
    /// Nil leaves the choice to the server.
    private(set) var mode: String?
    private var chosen: String?

    /// Most choices that are offered.
    private static let limit = 200

    /// Takes what the server lists; what it does not list stays unknown.
    mutating func read(agents: JSON?, providers: JSON?) {
        modes = (agents?.array ?? []).compactMap { agent in
            guard let name = agent.text("name"), agent.text("mode") != "subagent", agent["hidden"]?.bool != true else {
                return nil
            }
            return Choice(id: name, name: name)
        }
        for provider in providers?["providers"]?.array ?? [] {
            guard let id = provider.text("id") else { continue }
            for model in provider["models"]?.members ?? [] {
                let name = model.value.text("name") ?? model.key
                models.append(Choice(id: "\(id)/\(model.key)", name: "\(provider.text("name") ?? id): \(name)"))
                sizes["\(id)/\(model.key)"] = model.value["limit"]?["context"]?.integer
            }
        }
        models = Array(models.prefix(Self.limit))
    }

    /// Where the providers of models are agents: the agent's own default.
    mutating func prefer(provider: String, _ providers: JSON?) {
        guard let model = providers?["default"]?.text(provider) else { return }
        chosen = "\(provider)/\(model)"
    }

    func contextSize(_ provider: String?, _ model: String?) -> Int64? {
        guard let provider, let model else { return nil }
        return sizes["\(provider)/\(model)"]
    }

    mutating func setMode(_ id: String?) -> Bool {
        guard let id, modes.isEmpty || modes.contains(where: { $0.id == id }) else { return false }
        mode = id
        return true
    }

    /// `provider/model`; a model that is not listed may exist all the same.
    mutating func setModel(_ id: String?) -> Bool {
        guard let id, let slash = id.firstIndex(of: "/"), slash != id.startIndex, id.index(after: slash) != id.endIndex
        else { return false }
        chosen = id
        return true
    }

    /// As a prompt takes it.
    var model: JSON? {
        guard let chosen, let slash = chosen.firstIndex(of: "/") else { return nil }
        return [
            "providerID": .string(String(chosen[..<slash])),
            "modelID": .string(String(chosen[chosen.index(after: slash)...])),
        ]
    }

    /// ACP configuration options.
    var options: JSON {
        var options: [JSON] = []
        if !modes.isEmpty { options.append(Self.option("mode", "Mode", modes, mode ?? modes[0].id)) }
        if !models.isEmpty { options.append(Self.option("model", "Model", models, chosen ?? "")) }
        return .array(options)
    }

    private static func option(_ id: String, _ name: String, _ choices: [Choice], _ current: String) -> JSON {
        [
            "id": .string(id), "name": .string(name), "category": .string(id), "type": "select",
            "currentValue": .string(current),
            "options": .array(choices.map { ["value": .string($0.id), "name": .string($0.name)] }),
        ]
    }
}
