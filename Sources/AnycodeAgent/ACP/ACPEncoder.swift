import AnycodeCore
import AnycodeJSON

/// Writes calls as ACP v1 messages.
struct ACPEncoder: Sendable {
    /// Our version, told to agents.
    let version: String

    func message(for call: AgentCall) -> JSON {
        switch call {
        case .initialize(let id): initialize(id)
        case .openSession(let id, let directory):
            JSONRPC.request(id, "session/new", ["cwd": .string(directory), "mcpServers": []])
        case .loadSession(let id, let session, let directory):
            JSONRPC.request(
                ACPWireID.load(id, session), "session/load",
                ["sessionId": JSON(session), "cwd": .string(directory), "mcpServers": []])
        case .prompt(let id, let session, let text):
            JSONRPC.request(
                id, "session/prompt",
                ["sessionId": JSON(session), "prompt": [["type": "text", "text": .string(text)]]])
        case .setMode(let id, let session, let mode):
            set(id, session, choice: mode, method: "session/set_mode", key: "modeId")
        case .setModel(let id, let session, let model):
            set(id, session, choice: model, method: "session/set_model", key: "modelId")
        case .cancel(let session):
            JSONRPC.notification("session/cancel", ["sessionId": JSON(session)])
        case .answerPermission(let id, let answer): JSONRPC.result(id, ["outcome": outcome(answer)])
        case .answerQuestion(let id, let answer): JSONRPC.result(id, form(answer))
        }
    }

    private func initialize(_ id: RequestID) -> JSON {
        // Files and terminals would be those of this machine, not of the sandbox: none are offered.
        JSONRPC.request(
            id, "initialize",
            [
                "protocolVersion": 1,
                "clientCapabilities": [
                    "fs": ["readTextFile": false, "writeTextFile": false], "terminal": false,
                    "elicitation": ["form": [:], "url": [:]],
                ],
                "clientInfo": ["name": "anycode", "version": .string(version)],
            ])
    }

    private func set(
        _ id: RequestID, _ session: AgentSessionID, choice: String, method: String, key: String
    ) -> JSON {
        guard let option = ACPConfigChoice(choice) else {
            return JSONRPC.request(
                id, method, .object([.init("sessionId", JSON(session)), .init(key, .string(choice))]))
        }
        return JSONRPC.request(
            id, "session/set_config_option",
            ["sessionId": JSON(session), "configId": .string(option.option), "value": .string(option.value)])
    }

    private func outcome(_ answer: PermissionAnswer) -> JSON {
        switch answer {
        case .selected(let option): ["outcome": "selected", "optionId": .string(option)]
        case .cancelled: ["outcome": "cancelled"]
        }
    }

    private func form(_ answer: QuestionAnswer) -> JSON {
        switch answer {
        case .accepted(let values):
            [
                "action": "accept",
                "content": .object(values.sorted { $0.key < $1.key }.map { JSON.Member($0.key, JSON($0.value)) }),
            ]
        case .declined: ["action": "decline"]
        case .cancelled: ["action": "cancel"]
        }
    }
}

extension JSON {
    init(_ session: AgentSessionID) { self = .string(session.rawValue) }

    /// Whole numbers go out as integers, which fields of either number type accept.
    init(_ value: QuestionAnswer.Value) {
        switch value {
        case .text(let text): self = .string(text)
        case .texts(let texts): self = .array(texts.map { .string($0) })
        case .number(let number): self = Int64(exactly: number).map { .integer($0) } ?? .number(number)
        case .boolean(let flag): self = .bool(flag)
        }
    }
}

/// A mode or model that is set through a configuration option, written as one choice id: `@option=value`.
///
/// Plain ids belong to `session/set_mode` and `session/set_model`.
struct ACPConfigChoice: Hashable {
    let option: String
    let value: String

    init(option: String, value: String) {
        self.option = option
        self.value = value
    }

    init?(_ id: String) {
        guard id.hasPrefix("@"), let equals = id.firstIndex(of: "=") else { return nil }
        option = String(id[id.index(after: id.startIndex)..<equals])
        value = String(id[id.index(after: equals)...])
    }

    var id: String { "@\(option)=\(value)" }
}
