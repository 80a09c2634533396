import GRDB

/// Works on one thread for writing and, where there is a file, one for reading.
final class ThreadedEngine: StoreEngine {
    private typealias PendingRead = @Sendable (DatabaseQueue) -> Void

    private static let waitingLimit = 65_536
    /// Bounds how long the first of a group waits for the others.
    private static let groupLimit = 1_024

    private let connection: StoreConnection
    private let writer: StoreThread<PendingWrite>
    /// `nil` for a database in memory, which has one connection only.
    private let reader: StoreThread<PendingRead>?

    init(_ connection: StoreConnection) throws(StoreError) {
        self.connection = connection
        let readingQueue = try connection.file?.openForReading()
        let reader = readingQueue.map { queue in
            StoreThread<PendingRead>(
                name: "store.reader", limit: Self.waitingLimit, batch: Self.groupLimit,
                work: { for read in $0 { read(queue) } },
                // Without statements in use closing cannot fail.
                end: { try? queue.close() })
        }
        self.reader = reader
        writer = StoreThread(
            name: "store.writer", limit: Self.waitingLimit, batch: Self.groupLimit,
            work: { connection.write($0) },
            end: {
                // The writer closes last: it then folds the log into the database.
                reader?.join()
                connection.close()
            })
    }

    var commitCount: Int { connection.commitCount }

    func write<T: Sendable>(
        _ urgency: Store.Urgency, _ body: @escaping @Sendable (StoreTransaction) throws -> T
    ) async throws(StoreError) -> T {
        let result: Result<T, StoreError> = await withUnsafeContinuation { continuation in
            let write = PendingWrite(
                attempt: { transaction in
                    do {
                        let value = try body(transaction)
                        return .done { continuation.resume(returning: .success(value)) }
                    } catch {
                        return .failed(StoreError(wrapping: error))
                    }
                },
                refuse: { continuation.resume(returning: .failure($0)) })
            if let error = refusal(writer.submit(write, isPatient: urgency == .soon)) { write.refuse(error) }
        }
        return try result.get()
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> T) async throws(StoreError) -> T {
        guard let reader else {
            return try await write(.now) { transaction in try transaction.database.readOnly { try body(transaction) } }
        }
        let result: Result<T, StoreError> = await withUnsafeContinuation { continuation in
            let submission = reader.submit { queue in
                continuation.resume(returning: Result { () throws(StoreError) in try queue.snapshot(body) })
            }
            if let error = refusal(submission) { continuation.resume(returning: .failure(error)) }
        }
        return try result.get()
    }

    func stop() {
        reader?.stop()
        writer.stop()
    }

    func join() { writer.join() }

    private func refusal(_ submission: StoreSubmission) -> StoreError? {
        switch submission {
        case .accepted: nil
        case .stopped: .closedStore
        case .full:
            StoreError(
                .busy, "Too many database operations are waiting",
                hint: "The disk is too slow for this load: lower session.max_total or move the database")
        }
    }
}
