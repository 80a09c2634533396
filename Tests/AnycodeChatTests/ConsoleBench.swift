import AnycodeCore
import Foundation
import Synchronization

@testable import AnycodeChat

/// A console between two pipes, with a journal of its own.
final class ConsoleBench: Sendable {
    let directory: String
    private let input: [Int32]
    private let output: [Int32]
    private let isInputOpen = Mutex(true)

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "console-\(UUID())").path
        input = try Self.makePipe()
        output = try Self.makePipe()
        _ = fcntl(output[0], F_SETFL, O_NONBLOCK)
    }

    deinit {
        closeInput()
        for end in [input[0]] + output { close(end) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func makePipe() throws -> [Int32] {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        return ends
    }

    func console(
        autoAnswer: Bool = false, clock: any Clock<Duration> = ContinuousClock()
    ) throws -> ConsolePlatform {
        try ConsolePlatform(
            configuration: .init(
                journalDirectory: directory, input: input[0], output: output[1], mode: .lines,
                autoAnswer: autoAnswer, endsAtEndOfInput: true, handlesSignals: false, clock: clock,
                environment: ["USER": "ana"]))
    }

    func type(_ text: String) {
        _ = DescriptorOutput.write(Array(text.utf8), to: input[1])
    }

    func closeInput() {
        isInputOpen.withLock { isOpen in
            if isOpen { close(input[1]) }
            isOpen = false
        }
    }

    /// What was printed since the last call.
    func takeOutput() -> String {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(output[0], &buffer, buffer.count), count > 0 { result += buffer[..<count] }
        return String(decoding: result, as: UTF8.self)
    }

    /// Collects output until it contains a text.
    func output(until text: String) async -> String {
        var result = ""
        while !result.contains(text) {
            await Task.yield()
            result += takeOutput()
        }
        return result
    }
}

/// An inbox that remembers, and refuses the first few times.
actor RecordingInbox: ChatInbox {
    struct Refused: Error {}

    private(set) var events: [InboundEvent] = []
    private var failures: Int
    private var waiters: [(count: Int, continuation: CheckedContinuation<[InboundEvent], Never>)] = []

    init(failures: Int = 0) {
        self.failures = failures
    }

    func receive(_ events: [InboundEvent]) async throws {
        if failures > 0 {
            failures -= 1
            throw Refused()
        }
        self.events += events
        for waiter in waiters where self.events.count >= waiter.count {
            waiter.continuation.resume(returning: self.events)
        }
        waiters.removeAll { self.events.count >= $0.count }
    }

    /// The events, once there are so many.
    func first(_ count: Int) async -> [InboundEvent] {
        if events.count >= count { return events }
        return await withCheckedContinuation { waiters.append((count, $0)) }
    }
}

/// A clock that stands still until it is advanced.
final class ManualClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.offset < rhs.offset }
    }

    private struct State {
        var now = Instant(offset: .zero)
        var sleepers: [Int: (deadline: Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var nextSleeper = 0
        var cancelled: Set<Int> = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let number = state.withLock { state in
            defer { state.nextSleeper += 1 }
            return state.nextSleeper
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                state.withLock { state in
                    if state.cancelled.contains(number) { return continuation.resume(throwing: CancellationError()) }
                    if deadline <= state.now { return continuation.resume() }
                    state.sleepers[number] = (deadline, continuation)
                    let count = state.sleepers.count
                    for waiter in state.waiters where count >= waiter.count { waiter.continuation.resume() }
                    state.waiters.removeAll { count >= $0.count }
                }
            }
        } onCancel: {
            state.withLock { state in
                state.cancelled.insert(number)
                state.sleepers.removeValue(forKey: number)?.continuation.resume(throwing: CancellationError())
            }
        }
    }

    func waitForSleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.sleepers.count >= count { return continuation.resume() }
                state.waiters.append((count, continuation))
            }
        }
    }

    func advance(by duration: Duration) {
        state.withLock { state in
            state.now = state.now.advanced(by: duration)
            for (number, sleeper) in state.sleepers where sleeper.deadline <= state.now {
                sleeper.continuation.resume()
                state.sleepers[number] = nil
            }
        }
    }
}
