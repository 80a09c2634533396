/// Receives what the loop thread learns about one request. Called from that thread; must not block.
protocol Exchange: AnyObject, Sendable {
    var request: HTTPRequest { get }
    /// Nobody waits for it any more.
    var isOver: Bool { get }
    func receive(head: HTTPResponseHead)
    func receive(bytes: UnsafeRawBufferPointer) -> Reception
    /// Wakes a reader that waits for what was received since; see ``Reception/awaited``.
    func deliver()
    func finish(_ error: HTTPError?)
}

/// What became of received bytes.
enum Reception {
    case taken
    /// Taken, and a reader waits: it is to be woken when the loop has read all sockets that are ready, so that many readers
    /// are woken at once.
    case awaited
    /// Not taken: offer them again after a resume.
    case full
    case tooLarge
    /// The exchange is over.
    case refused
}

/// The exchanges whose readers are to be woken. Lives on the loop thread.
final class AwaitedExchanges {
    private var exchanges: [any Exchange] = []

    func add(_ exchange: any Exchange) {
        exchanges.append(exchange)
    }

    func deliver() {
        if exchanges.isEmpty { return }
        for exchange in exchanges { exchange.deliver() }
        exchanges.removeAll(keepingCapacity: true)
    }
}
