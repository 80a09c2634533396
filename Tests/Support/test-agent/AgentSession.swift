import Synchronization
import TestJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One conversation, kept in `$HOME/.test-agent/<id>.json` so that another process can load it.
final class AgentSession: Sendable {
    static let modes: [(id: String, name: String)] = [("ask", "Ask before tools"), ("auto", "Approve everything")]

    private struct State {
        var mode = "ask"
        /// Tools allowed for the rest of the session.
        var allowed: Set<String> = []
        /// As the model's API wants them.
        var messages: [JSON] = []
        /// Set while a turn runs.
        var turn: Interrupt?
    }

    let id: String
    let workingDirectory: String
    private let state: Mutex<State>

    init(workingDirectory: String) {
        id = "s-" + String(UInt64.random(in: .min ... .max), radix: 36)
        self.workingDirectory = workingDirectory
        state = Mutex(State())
        save()
    }

    /// Nil when no session of that name was saved.
    init?(loading id: String, workingDirectory: String) {
        guard !id.contains("/"), let data = FileManager.default.contents(atPath: Self.path(id)),
            let saved = try? JSON(parsing: data)
        else { return nil }
        self.id = id
        self.workingDirectory = workingDirectory
        state = Mutex(
            State(
                mode: saved["mode"]?.string ?? "ask",
                allowed: Set((saved["allowed"]?.array ?? []).compactMap(\.string)),
                messages: saved["messages"]?.array ?? []))
    }

    var mode: String { state.withLock { $0.mode } }

    var messages: [JSON] { state.withLock { $0.messages } }

    var modesDescription: JSON {
        [
            "currentModeId": .string(mode),
            "availableModes": .array(Self.modes.map { ["id": .string($0.id), "name": .string($0.name)] }),
        ]
    }

    /// False when there is no such mode.
    func setMode(_ mode: String) -> Bool {
        guard Self.modes.contains(where: { $0.id == mode }) else { return false }
        state.withLock { $0.mode = mode }
        save()
        return true
    }

    func needsPermission(for tool: String) -> Bool {
        state.withLock { $0.mode == "ask" && !$0.allowed.contains(tool) }
    }

    func alwaysAllow(_ tool: String) {
        state.withLock { state in _ = state.allowed.insert(tool) }
        save()
    }

    func append(_ message: JSON) {
        state.withLock { $0.messages.append(message) }
        save()
    }

    /// Gives every open call of the last answer a result, as the model's API demands.
    func closeOpenCalls() {
        let messages = messages
        guard let index = messages.lastIndex(where: { $0["role"] == "assistant" }) else { return }
        let answered = messages[index...].compactMap { $0["tool_call_id"]?.string }
        for call in messages[index]["tool_calls"]?.array ?? [] {
            guard let id = call["id"]?.string, !answered.contains(id) else { continue }
            append(["role": "tool", "tool_call_id": .string(id), "content": "cancelled by the user"])
        }
    }

    /// The interrupt of a new turn; nil while another runs.
    func beginTurn() -> Interrupt? {
        state.withLock { state in
            guard state.turn == nil else { return nil }
            let interrupt = Interrupt()
            state.turn = interrupt
            return interrupt
        }
    }

    func endTurn() {
        state.withLock { $0.turn = nil }
    }

    func cancelTurn() {
        state.withLock { $0.turn }?.raise()
    }

    private func save() {
        let saved = state.withLock { state -> JSON in
            [
                "mode": .string(state.mode), "allowed": .array(state.allowed.sorted().map(JSON.string)),
                "messages": .array(state.messages),
            ]
        }
        // Without a writable home the session works on, and only cannot be loaded later.
        try? FileManager.default.createDirectory(atPath: Self.directory, withIntermediateDirectories: true)
        try? Data(saved.text.utf8).write(to: URL(filePath: Self.path(id)), options: .atomic)
    }

    private static var directory: String {
        (ProcessInfo.processInfo.environment["HOME"] ?? "/tmp") + "/.test-agent"
    }

    private static func path(_ id: String) -> String {
        "\(directory)/\(id).json"
    }
}
