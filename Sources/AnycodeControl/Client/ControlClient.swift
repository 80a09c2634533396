#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Asks the daemon over its control socket. Calls block, as suits a command-line tool.
package struct ControlClient: Sendable {
    package enum Change: Sendable, Equatable {
        /// The tree, sent by the daemon because it changed.
        case tree(TreeNode)
        /// A second without news.
        case tick
    }

    package let socketPath: String
    /// How long an answer may take.
    let patience: Duration

    package init(socketPath: String, patience: Duration = .seconds(10)) {
        self.socketPath = socketPath
        self.patience = patience
    }

    package func tree() throws(ControlError) -> TreeNode {
        try ask("GET", "/v1/tree")
    }

    /// Calls `body` with the tree now and at each change, until it returns false or the daemon ends.
    package func watchTree(_ body: (Change) -> Bool) throws(ControlError) {
        let exchange = try Exchange(socketPath, "GET", "/v1/tree?watch=1", body: nil)
        try exchange.lines(tickEvery: 1_000, patience: patience) { line throws(ControlError) in
            guard let line else { return body(.tick) }
            return body(.tree(try Self.decode(line)))
        }
    }

    /// - Parameter all: Also those that have ended, newest first.
    package func sessions(all: Bool = false) throws(ControlError) -> [SessionSummary] {
        try ask("GET", all ? "/v1/sessions?all=1" : "/v1/sessions")
    }

    package func session(_ idPrefix: String) throws(ControlError) -> SessionDetail {
        try ask("GET", "/v1/sessions/\(try Self.segment(idPrefix))")
    }

    /// - Parameter person: Who asks, for the record and for the chat.
    package func cancel(_ idPrefix: String, by person: String) throws(ControlError) -> CancelAnswer {
        try ask("POST", "/v1/sessions/\(try Self.segment(idPrefix))/cancel", CancelRequest(by: person))
    }

    package func version() throws(ControlError) -> DaemonVersion {
        try ask("GET", "/v1/version")
    }

    func ask<Answer: Decodable>(
        _ method: String, _ path: String, _ body: (any Encodable)? = nil
    ) throws(ControlError) -> Answer {
        let data: Data?
        do {
            data = try body.map { try WireCoding.encode($0) }
        } catch {
            throw ControlError(.refused, "The request cannot be written as JSON.")
        }
        let exchange = try Exchange(socketPath, method, path, body: data)
        let answer = try exchange.wholeBody(within: patience)
        return try Self.decode(answer)
    }

    /// Ids are hexadecimal; anything else cannot be one and would have to be escaped.
    static func segment(_ idPrefix: String) throws(ControlError) -> String {
        let isGood = idPrefix.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
        }
        guard isGood, !idPrefix.isEmpty else {
            throw ControlError(.notFound, "Nothing has such an id.", hint: "see anycodectl sessions")
        }
        return idPrefix
    }

    static func decode<Answer: Decodable>(_ bytes: [UInt8]) throws(ControlError) -> Answer {
        do {
            return try WireCoding.decode(Answer.self, from: Data(bytes))
        } catch {
            throw ControlError(
                .badAnswer, "The daemon's answer makes no sense here.",
                hint: "compare anycodectl --version with anycodectl version")
        }
    }
}
