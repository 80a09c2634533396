/// Hands out what is new, batch by batch.
///
/// Writers tell nobody, which keeps writing cheap. So while somebody reads, and only then, it is looked for twice a
/// second.
actor Follower<Item: Sendable> {
    enum Look: Sendable {
        case news([Item])
        case nothing
        case end
    }

    private let look: @Sendable () async throws -> Look
    private let sleep: @Sendable (Duration) async throws -> Void

    init(
        look: @escaping @Sendable () async throws -> Look,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.look = look
        self.sleep = sleep
    }

    /// The next batch, empty after a while without news, so that a reader who left is noticed; `nil` at the end.
    func next() async throws -> [Item]? {
        for _ in 0..<TreeSampler.patience {
            if Task.isCancelled { return nil }
            switch try await look() {
            case .news(let items): return items
            case .end: return nil
            case .nothing:
                do { try await sleep(TreeSampler.interval) } catch { return nil }
            }
        }
        return []
    }

    nonisolated var stream: AsyncThrowingStream<[Item], any Error> {
        AsyncThrowingStream { try await self.next() }
    }
}
