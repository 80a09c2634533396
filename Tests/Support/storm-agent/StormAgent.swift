import Foundation
import TestJSON

/// An agent that does what its prompt says and tells a ledger outside of its sandbox what it really said and heard.
///
/// A prompt is a list of `name=value`: `job=7 turn=1 lines=20 pace=50 asks=pq file=1`. Each line is told to the ledger
/// before it is written, so that what the ledger holds, but for the last line of an agent that was killed, was said.
@main
struct StormAgent {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        guard let path = ProcessInfo.processInfo.environment["STORM_LEDGER"], let ledger = LedgerLine(path: path) else {
            FileHandle.standardError.write(Data("storm-agent: there is no ledger\n".utf8))
            exit(1)
        }
        let agent = Agent(ledger: ledger)
        while let line = readLine() {
            guard let message = try? JSON(parsing: line.utf8) else { continue }
            agent.take(message)
        }
    }
}

/// The client's side of the conversation; the turn runs on a thread of its own.
final class Agent: Sendable {
    private let ledger: LedgerLine
    private let wire = Wire()

    init(ledger: LedgerLine) {
        self.ledger = ledger
    }

    func take(_ message: JSON) {
        let params = message["params"] ?? [:]
        guard let method = message["method"]?.string else {
            if !wire.answered(message) { ledger.tell("twice \(message["id"]?.integer ?? 0)") }
            return
        }
        guard let id = message["id"] else {
            if method == "session/cancel" { wire.cancel() }
            return
        }
        switch method {
        case "initialize":
            wire.send([
                "id": id,
                "result": [
                    "protocolVersion": 1, "agentInfo": ["name": "storm-agent", "title": "Storm agent", "version": "1"],
                    "agentCapabilities": ["loadSession": true], "authMethods": [],
                ],
            ])
        case "session/new": wire.send(["id": id, "result": ["sessionId": "storm"]])
        case "session/load", "session/set_mode": wire.send(["id": id, "result": [:]])
        case "session/prompt":
            let text = (params["prompt"]?.array ?? []).compactMap { $0["text"]?.string }.joined(separator: "\n")
            wire.begin()
            let thread = Thread { [wire, ledger] in Turn(text, wire: wire, ledger: ledger).run(answering: id) }
            thread.start()
        default: wire.send(["id": id, "error": ["code": -32601, "message": "There is no such method."]])
        }
    }
}
