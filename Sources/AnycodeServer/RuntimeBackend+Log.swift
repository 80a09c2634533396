package import AnycodeControl
import AnycodeCore
import AnycodeRuntime
import AnycodeStore

extension RuntimeBackend {
    /// How much of a runner's log is told, in bytes.
    private static let runnerLogLimit = 8_192

    package func log(
        idPrefix: String, follows: Bool
    ) async throws -> AsyncThrowingStream<[LogEntry], any Error> {
        let session = try await find(idPrefix)
        let reader = LogReader(session: session.id, follows: follows, store: store) { await runnerLog(of: session) }
        return Follower(look: reader.look, sleep: clock.sleep).stream
    }

    /// The end of the log of the runner in the session's newest sandbox, where there is one; best effort.
    ///
    /// It may hold what an agent wrote to its standard error, so it is masked like all that an agent says.
    private func runnerLog(of session: SessionRow) async -> String? {
        guard let header = session.header,
            let lease = try? await store.read({ try $0.leases(session: session.id) }).last, lease.state != "destroyed",
            let provider = controls.providers.first(where: { $0.id == lease.provider })
        else { return nil }
        let text = (try? await provider.logTail(lease.id, limit: Self.runnerLogLimit)) ?? nil
        return text.map { controls.masked(header, $0) }
    }
}
