@testable import HTTPTransport

extension FuzzTarget {
    /// The events do not depend on how the bytes are cut, and no event is longer than the limit.
    static let serverSentEvents = FuzzTarget(name: "server-sent-events") { bytes throws(FuzzFailure) in
        let limit = 64
        let whole = read([bytes], limit)
        let cut = read(pieces(of: bytes), limit)
        if whole.failed || cut.failed {
            // What is too long is refused at the latest at its end; what came before is the same.
            let both = min(whole.items.count, cut.items.count)
            try require(whole.items.prefix(both) == cut.items.prefix(both), "events differ before the limit")
        } else {
            try require(whole.items == cut.items, "cut: \(cut.items), whole: \(whole.items)")
        }
        for case .event(let event) in whole.items {
            try require(event.data.count <= limit, "an event of \(event.data.count) bytes")
            try require(!event.name.isEmpty, "an event without a name")
        }
    }

    private static func read(_ pieces: [[UInt8]], _ limit: Int) -> (items: [ServerSentItem], failed: Bool) {
        var parser = ServerSentEventParser(limit: limit)
        var items: [ServerSentItem] = []
        for piece in pieces {
            do {
                items += try parser.receive(piece)
            } catch {
                return (items, true)
            }
        }
        return (items, false)
    }
}
