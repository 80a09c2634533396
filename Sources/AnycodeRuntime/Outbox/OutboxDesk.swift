import AnycodeCore

extension OutboxMachine {
    /// One session's part of the chat.
    struct Desk {
        let conversation: Conversation
        private(set) var slots: [MessageSlot] = []
        private(set) var digests: [MessageDigest] = []
        private(set) var shown: [String: Shown]
        /// The places of the slots that the chat does not show as they should be, in order.
        private(set) var open: [Int] = []

        init(conversation: Conversation, shown: [String: Shown]) {
            self.conversation = conversation
            self.shown = shown
        }

        var isSettled: Bool { open.isEmpty }

        /// Takes a new view. Looks closely only at what differs from the one before: a long session has many slots, of
        /// which its stream changes the last.
        mutating func show(_ new: [MessageSlot]) {
            var digests: [MessageDigest] = []
            digests.reserveCapacity(new.count)
            var open: [Int] = []
            for (place, slot) in new.enumerated() {
                let isSame = place < slots.count && slots[place] == slot
                let digest = isSame ? self.digests[place] : MessageDigest(slot.message)
                digests.append(digest)
                if isSame ? self.open.contains(place) : !isShown(slot.key, digest) { open.append(place) }
            }
            (slots, self.digests, self.open) = (new, digests, open)
        }

        /// Changes what is known of a slot.
        mutating func mark(_ key: String, _ shown: Shown?) {
            self.shown[key] = shown
            guard let place = slots.lastIndex(where: { $0.key == key }) else { return }
            open.removeAll { $0 == place }
            guard !isShown(key, digests[place]) else { return }
            open.insert(place, at: open.firstIndex { $0 > place } ?? open.endIndex)
        }

        private func isShown(_ key: String, _ digest: MessageDigest) -> Bool {
            guard let shown = shown[key] else { return false }
            switch shown.state {
            case .sent: return shown.digest == digest
            case .given: return true
            case .unknown, .gone: return false
            }
        }
    }
}
