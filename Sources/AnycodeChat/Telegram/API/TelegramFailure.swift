import AnycodeCore
import HTTPTransport

/// Why a call of the Bot API brought no result. Texts hold neither token nor address.
struct TelegramFailure: Error, Hashable, Sendable, CustomStringConvertible {
    enum Kind: Hashable, Sendable {
        /// The Bot API refused; nothing was done.
        case refused(code: Int)
        /// `retry_after`: nothing was done.
        case flood(retryAfter: Duration)
        /// The group has become a supergroup; nothing was done.
        case migrated(to: Int64)
        /// The server failed or something else answered; `code` is the HTTP status.
        case disturbed(status: Int)
        case transport(HTTPError.Code, HTTPError.Delivery)
    }

    let kind: Kind
    /// Safe to show.
    let message: String

    var description: String { message }

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// Whether the Bot API's own words contain any of these, which is all it says about most of its refusals.
    func says(_ words: String...) -> Bool {
        let text = message.lowercased()
        return words.contains { text.contains($0) }
    }

    private func isRefused(_ codes: Int...) -> Bool {
        if case .refused(let code) = kind { codes.contains(code) } else { false }
    }
}

extension TelegramFailure {
    var isCancelled: Bool {
        if case .transport(.cancelled, _) = kind { true } else { false }
    }

    /// The edit changes nothing.
    var isNotModified: Bool { isRefused(400) && says("message is not modified") }

    /// The topic was deleted or closed.
    var isThreadGone: Bool {
        isRefused(400) && says("message thread not found", "topic_deleted", "topic_closed", "topic_id_invalid")
    }

    /// The formatting was refused, an address in it perhaps.
    var isFormatting: Bool { isRefused(400) && says("entit", "wrong http url", "url_invalid") }

    /// The click was answered before, or too long ago.
    var isStaleCallback: Bool { isRefused(400) && says("query is too old", "query id is invalid", "query_id_invalid") }

    /// Another program polls, or a webhook is set.
    var isConflict: Bool { isRefused(409) }

    var isUnauthorized: Bool { isRefused(401, 404) }

    /// - Parameter isRepeatable: whether making the call twice does no harm.
    func chatError(isRepeatable: Bool) -> ChatError {
        ChatError(code(isRepeatable: isRepeatable), message)
    }

    private func code(isRepeatable: Bool) -> ChatError.Code {
        switch kind {
        case .flood(let retryAfter): .flood(retryAfter: retryAfter)
        // Edits are what is repeatable here: in the new group the message has another number.
        case .migrated: isRepeatable ? .messageGone : .unreachable
        case .transport(.cancelled, _): .cancelled
        case .transport(.invalidRequest, _), .transport(.tooLarge, _): .rejected
        case .transport(_, .notSent): .unreachable
        case .transport: isRepeatable ? .unreachable : .outcomeUnknown
        case .disturbed(let status): isRepeatable || (400..<500).contains(status) ? .unreachable : .outcomeUnknown
        case .refused(let code): refusal(code)
        }
    }

    private func refusal(_ code: Int) -> ChatError.Code {
        switch code {
        case 401, 404: .unauthorized
        case 403: .chatGone
        case 400 where says("message to edit not found", "message can't be edited", "message_id_invalid"): .messageGone
        case 400
        where says(
            "chat not found", "peer_id_invalid", "not enough rights", "have no rights", "chat_write_forbidden",
            "chat_restricted", "user_deactivated", "group chat was deactivated"):
            .chatGone
        default: .rejected
        }
    }
}
