import Synchronization

/// Lines on their way to an agent: ordered, limited by their size.
final class InputQueue: Sendable {
    let lines: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let limit: Int
    private let waiting = Mutex(0)

    init(limit: Int) {
        self.limit = limit
        (lines, continuation) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .unbounded)
    }

    /// False when the queue is full (one line always fits) or finished.
    func push(_ line: [UInt8]) -> Bool {
        let fits = waiting.withLock { bytes in
            guard bytes == 0 || bytes + line.count <= limit else { return false }
            bytes += line.count
            return true
        }
        guard fits else { return false }
        if case .terminated = continuation.yield(line) { return false }
        return true
    }

    func taken(_ bytes: Int) {
        waiting.withLock { $0 -= bytes }
    }

    func finish() {
        continuation.finish()
    }
}
