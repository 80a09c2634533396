import AnycodeCore

extension OutboxMachine {
    /// How many of a session's slots the chat does not show as they should be, and of how many that is not known.
    func pending(of session: SessionID) -> (queued: Int, unknown: Int) {
        guard let desk = desks[session] else { return (0, 0) }
        return (desk.open.count, desk.open.count { desk.shown[desk.slots[$0].key]?.state == .unknown })
    }
}
