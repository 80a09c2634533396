import GRDB

/// Works on one thread for writing and, where there is a file, one for reading.
final class ThreadedEngine: StoreEngine {
    /// Answers its caller, or returns why it has to be tried again; on the last try it always answers.
    private typealias PendingRead = @Sendable (DatabaseQueue, _ isLastTry: Bool) -> StoreError?

    private static let waitingLimit = 65_536
    /// Bounds how long the first of a group waits for the others.
    private static let groupLimit = 1_024

    let connection: StoreConnection
    private let writer: StoreThread<PendingWrite>
    /// `nil` for a database in memory, which has one connection only.
    private let reader: StoreThread<PendingRead>?

    init(_ connection: StoreConnection, gate: StoreGate) throws(StoreError) {
        self.connection = connection
        let readingQueue = try connection.file?.openForReading()
        let reader = readingQueue.map { queue in
            StoreThread<PendingRead>(
                name: "store.reader", limit: Self.waitingLimit, batch: Self.groupLimit,
                work: { reads, thread in for read in reads { Self.run(read, on: queue, thread, gate) } },
                // Without statements in use closing cannot fail.
                end: { try? queue.close() })
        }
        self.reader = reader
        writer = StoreThread(
            name: "store.writer", limit: Self.waitingLimit, batch: Self.groupLimit,
            work: { Self.run($0, on: connection, $1, gate) },
            end: {
                // The writer closes last: it then folds the log into the database.
                reader?.join()
                connection.close()
            })
    }

    /// Stores a batch, however often it takes.
    private static func run(
        _ writes: [PendingWrite], on connection: StoreConnection, _ thread: StoreThread<PendingWrite>, _ gate: StoreGate
    ) {
        var writes = writes
        var pauses = StoreGate.Pauses()
        while let hindrance = connection.write(writes, isLastTry: thread.isStopping) {
            writes = hindrance.writes
            gate.closed(.writing, by: hindrance.error)
            thread.pause(pauses.take())
        }
        gate.opened(.writing)
    }

    private static func run(
        _ read: PendingRead, on queue: DatabaseQueue, _ thread: StoreThread<PendingRead>, _ gate: StoreGate
    ) {
        var pauses = StoreGate.Pauses()
        while let error = read(queue, thread.isStopping) {
            gate.closed(.reading, by: error)
            thread.pause(pauses.take())
        }
        gate.opened(.reading)
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
            let submission = reader.submit { queue, isLastTry in
                let result = Result { () throws(StoreError) in try queue.snapshot(body) }
                if case .failure(let error) = result, error.isTransient, !isLastTry { return error }
                continuation.resume(returning: result)
                return nil
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
