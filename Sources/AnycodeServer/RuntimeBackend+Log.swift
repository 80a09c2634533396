package import AnycodeControl
import AnycodeCore
import AnycodeStore

extension RuntimeBackend {
    /// How much of a runner's log is told, in bytes.
    private static let runnerLogLimit = 8_192

    package func log(
        idPrefix: String, follows: Bool
    ) async throws -> AsyncThrowingStream<[LogEntry], any Error> {
        let session = try await find(idPrefix).id
        let reader = LogReader(session: session, follows: follows, store: store) { await runnerLog(of: session) }
        return Follower(look: reader.look, sleep: clock.sleep).stream
    }

    /// The end of the log of the runner in the session's newest sandbox, where there is one; best effort.
    private func runnerLog(of session: SessionID) async -> String? {
        guard let lease = try? await store.read({ try $0.leases(session: session) }).last, lease.state != "destroyed",
            let provider = controls.providers.first(where: { $0.id == lease.provider })
        else { return nil }
        return (try? await provider.logTail(lease.id, limit: Self.runnerLogLimit)) ?? nil
    }
}
