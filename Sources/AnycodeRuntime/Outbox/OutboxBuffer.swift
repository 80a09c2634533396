import Supervision

/// Where a session shows how far the chat is behind it, and what it shows now.
struct OutboxBuffer {
    let cell: StatusCell
    private var shown: (queued: Int, unknown: Int)?

    init(cell: StatusCell) { self.cell = cell }

    mutating func show(_ pending: (queued: Int, unknown: Int)) {
        if let shown, shown == pending { return }
        shown = pending
        cell[detail: "status"] = pending.queued == 0 ? "shown" : "behind"
        cell[detail: "queued sends"] = pending.queued == 0 ? nil : "\(pending.queued)"
        cell[detail: "unknown sends"] = pending.unknown == 0 ? nil : "\(pending.unknown)"
    }
}
