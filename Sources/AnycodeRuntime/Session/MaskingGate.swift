package import AnycodeCore

/// Masks secrets in what the agent says before anything of it is decided on or stored, across the borders of chunks too.
///
/// Text whose end may be the beginning of a secret is held back, whole items of it, until the next piece tells. What is
/// held back is not committed: after a crash or a broken stream it is read again.
package struct MaskingGate {
    private enum Voice { case text, thought }

    private let masker: SecretMasker
    private var held: [AgentStreamItem] = []
    private var heldText = ""
    private var heldVoice = Voice.text

    package init(masker: SecretMasker) {
        self.masker = masker
    }

    /// The items that may go on, in order.
    package mutating func pass(_ items: [AgentStreamItem]) -> [AgentStreamItem] {
        var passed: [AgentStreamItem] = []
        passed.reserveCapacity(items.count + held.count)
        for item in items {
            guard item.number != nil, let (voice, text) = Self.speech(item) else {
                if item.number != nil { passed += release() }
                passed.append(AgentStreamItem(number: item.number, events: item.events.map { masker.masked($0) }))
                continue
            }
            if !held.isEmpty, voice != heldVoice { passed += release() }
            held.append(item)
            heldText += text
            heldVoice = voice
            if heldText.utf8.count > Self.limit || !masker.mayContinue(heldText) { passed += release() }
        }
        return passed
    }

    /// Forgets what is held back; it will be read again.
    mutating func reset() {
        held = []
        heldText = ""
    }

    /// All that is held back, its text in the last item.
    private mutating func release() -> [AgentStreamItem] {
        defer { reset() }
        guard let last = held.last else { return [] }
        let text = masker.maskedToItsEnd(heldText)
        if held.count == 1, text == heldText { return held }
        let event: AgentEvent = heldVoice == .text ? .text(text) : .thought(text)
        return held.dropLast().map { AgentStreamItem(number: $0.number, events: []) }
            + [AgentStreamItem(number: last.number, events: [event])]
    }

    private static func speech(_ item: AgentStreamItem) -> (Voice, String)? {
        guard item.events.count == 1 else { return nil }
        switch item.events[0] {
        case .text(let text): return (.text, text)
        case .thought(let text): return (.thought, text)
        default: return nil
        }
    }

    /// How much may be held back, in bytes.
    private static let limit = 4096
}
