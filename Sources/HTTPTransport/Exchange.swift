/// Receives what the loop thread learns about one request. Called from that thread; must not block.
protocol Exchange: AnyObject, Sendable {
    var request: HTTPRequest { get }
    /// Nobody waits for it any more.
    var isOver: Bool { get }
    func receive(head: HTTPResponseHead)
    func receive(bytes: UnsafeRawBufferPointer) -> Reception
    func finish(_ error: HTTPError?)
}

/// What became of received bytes.
enum Reception {
    case taken
    /// Not taken: offer them again after a resume.
    case full
    case tooLarge
    /// The exchange is over.
    case refused
}
