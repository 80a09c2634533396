import AnycodeCore

/// One at a time per lease: a start and an end of the same sandbox must not overlap.
actor LeaseLocks {
    private var waiting: [LeaseID: [CheckedContinuation<Void, Never>]] = [:]

    /// Waits are as long as the holder's own deadlines.
    func withLock<Value: Sendable>(
        _ lease: LeaseID, _ body: @Sendable () async throws(SandboxError) -> Value
    ) async throws(SandboxError) -> Value {
        await lock(lease)
        do throws(SandboxError) {
            let value = try await body()
            unlock(lease)
            return value
        } catch {
            unlock(lease)
            throw error
        }
    }

    private func lock(_ lease: LeaseID) async {
        guard waiting[lease] != nil else {
            waiting[lease] = []
            return
        }
        await withCheckedContinuation { waiting[lease]?.append($0) }
    }

    private func unlock(_ lease: LeaseID) {
        guard var queue = waiting[lease], !queue.isEmpty else {
            waiting[lease] = nil
            return
        }
        let next = queue.removeFirst()
        waiting[lease] = queue
        next.resume()
    }
}
