import AnycodeCore
import AnycodeJSON

/// Modes and models of a session, from any of the three forms agents use.
///
/// Configuration options of the categories `mode` and `model` take precedence over `modes` and `models`, which older
/// agents send alone.
struct ACPConfiguration {
    private struct Selection {
        var choices: [AgentSession.Choice] = []
        var current: String?
    }

    private let mode: Selection?
    private let model: Selection?

    init(options: JSON?, modes: JSON? = nil, models: JSON? = nil) {
        mode =
            Self.option("mode", options)
            ?? Self.state(modes, current: "currentModeId", list: "availableModes", id: "id")
        model =
            Self.option("model", options)
            ?? Self.state(models, current: "currentModelId", list: "availableModels", id: "modelId")
    }

    func session(_ id: AgentSessionID) -> AgentSession {
        AgentSession(
            id: id, modes: mode?.choices ?? [], currentMode: mode?.current, models: model?.choices ?? [],
            currentModel: model?.current)
    }

    /// What is in force now, as events.
    var changes: [AgentEvent] {
        (mode?.current.map { [.modeChanged($0)] } ?? []) + (model?.current.map { [.modelChanged($0)] } ?? [])
    }

    private static func state(_ json: JSON?, current: String, list: String, id: String) -> Selection? {
        guard let json, json.isObject else { return nil }
        let choices = (json[list]?.array ?? []).prefix(ACPLimits.items).compactMap { item -> AgentSession.Choice? in
            guard let value = item.text(id) else { return nil }
            return AgentSession.Choice(id: value, name: item.text("name") ?? value)
        }
        return Selection(choices: choices, current: json.text(current))
    }

    private static func option(_ category: String, _ options: JSON?) -> Selection? {
        let found = (options?.array ?? []).first {
            ($0.text("category") ?? $0.text("id")) == category && $0.text("type") == "select"
        }
        guard let found, let id = found.text("id") else { return nil }
        let entries = (found["options"]?.array ?? []).flatMap { $0["options"]?.array ?? [$0] }
        let choices = entries.prefix(ACPLimits.items).compactMap { entry -> AgentSession.Choice? in
            guard let value = entry.text("value") else { return nil }
            return AgentSession.Choice(
                id: ACPConfigChoice(option: id, value: value).id, name: entry.text("name") ?? value)
        }
        let current = found.text("currentValue").map { ACPConfigChoice(option: id, value: $0).id }
        return Selection(choices: choices, current: current)
    }
}
