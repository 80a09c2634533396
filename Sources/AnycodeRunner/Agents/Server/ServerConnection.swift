import AnycodeJSON
import NIOCore
import Synchronization

/// An agent behind a server of its own: the server's program is started, and spoken to on the loopback.
final class ServerConnection<Translation: ServerTranslation>: AgentConnection {
    private typealias Receiver = @Sendable ([AgentOutput]) async -> Void

    private struct State {
        var translation: Translation
        var outputs: [AgentOutput] = []
        var isDelivering = false
    }

    private struct Step: Sendable {
        var purpose: Translation.Purpose
        var requests: [ServerRequest]
    }

    private let directory: String
    private let headers: @Sendable (_ token: String) -> [String: String]
    private let silence: Duration
    private let grace: Duration
    private let clock: any Clock<Duration>
    private let process: ServerProcess
    private let state: Mutex<State>
    private let woken: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let steps: AsyncStream<Step>
    private let stepper: AsyncStream<Step>.Continuation
    /// Raised whenever the event stream is to be opened, or opened anew.
    private let openings = Occasions()

    /// - Parameters:
    ///   - headers: what every request carries, made from the server's secret.
    ///   - silence: after which the event stream counts as lost.
    init(
        _ launch: AgentLaunch, _ translation: Translation, limits: AgentProcess.Limits, group: any EventLoopGroup,
        clock: any Clock<Duration>, silence: Duration = .seconds(60),
        headers: @escaping @Sendable (_ token: String) -> [String: String]
    ) throws(RunnerError) {
        directory = launch.directory
        self.headers = headers
        self.silence = silence
        grace = limits.grace
        self.clock = clock
        state = Mutex(State(translation: translation))
        (woken, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        // Bounded by what one client posts and one server asks.
        (steps, stepper) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        process = try ServerProcess(launch, limits: limits, group: group, clock: clock)
    }

    func run(_ receive: @escaping @Sendable ([AgentOutput]) async -> Void) async -> AgentEnd {
        let end = await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                for await _ in self.woken { await self.deliver(receive) }
                return false
            }
            tasks.addTask {
                await self.converse(receive)
                return true
            }
            let end = await process.run()
            // What it said last is still on its way.
            stepper.finish()
            openings.raise()
            tasks.addTask {
                try? await self.clock.sleep(for: self.grace)
                return true
            }
            while let isOver = await tasks.next(), !isOver {}
            tasks.cancelAll()
            waker.finish()
            return end
        }
        take { $0.ended(end.message) }
        await deliver(receive)
        return end
    }

    func send(_ message: Message) -> Bool {
        guard let parsed = try? JSON(parsing: message.bytes) else { return true }
        let json = AttachedImages.added(to: parsed, workspace: directory)
        take { $0.fromClient(json) }
        return true
    }

    func end() async {
        await process.end()
    }

    // MARK: To the client

    /// Hands over what the translation said, in order; whoever comes first takes it all.
    private func deliver(_ receive: @Sendable ([AgentOutput]) async -> Void) async {
        while true {
            let batch = state.withLock { state -> [AgentOutput] in
                guard !state.isDelivering, !state.outputs.isEmpty else { return [] }
                state.isDelivering = true
                defer { state.outputs = [] }
                return state.outputs
            }
            guard !batch.isEmpty else { return }
            await receive(batch)
            state.withLock { $0.isDelivering = false }
        }
    }

    private func take(_ decide: (inout Translation) -> [ServerOutput<Translation.Purpose>]) {
        state.withLock { state in
            for output in decide(&state.translation) {
                switch output {
                case .client(let json):
                    if let message = Message(json.bytes) { state.outputs.append(.message(message)) }
                case .call(let purpose, let requests): stepper.yield(Step(purpose: purpose, requests: requests))
                case .resubscribe: openings.raise()
                }
            }
        }
        waker.yield()
    }

    // MARK: With the server

    private func converse(_ receive: @escaping Receiver) async {
        guard let client = await process.client(headers: headers) else { return }
        await withDiscardingTaskGroup { tasks in
            tasks.addTask { await self.listen(client, receive) }
            for await step in steps {
                tasks.addTask {
                    var answers: [ServerAnswer] = []
                    for request in step.requests { answers.append(await client.send(request)) }
                    // A server that ended says so itself.
                    if Task.isCancelled || self.process.hasEnded { return }
                    self.take { $0.answered(step.purpose, answers) }
                }
            }
            tasks.cancelAll()
        }
    }

    /// Keeps the event stream open, for as long as the server's program runs.
    private func listen(_ client: ServerClient, _ receive: @escaping Receiver) async {
        var backoff = Duration.milliseconds(100)
        while !Task.isCancelled, !process.hasEnded {
            let (request, occasion) = state.withLock { ($0.translation.subscription, openings.count) }
            guard let request else {
                await openings.wait(beyond: occasion)
                continue
            }
            let wasOpen = await withTaskGroup(of: Bool?.self) { tasks in
                tasks.addTask { await self.follow(client, request, receive) }
                tasks.addTask {
                    await self.openings.wait(beyond: occasion)
                    // The server's end is no reason to leave what it said unread.
                    if self.process.hasEnded { await self.openings.wait(beyond: .max) }
                    return nil
                }
                let first = await tasks.next() ?? nil
                tasks.cancelAll()
                return first
            }
            if Task.isCancelled || process.hasEnded { return }
            // Nobody asked for another one: this one broke.
            guard let wasOpen else { continue }
            backoff = wasOpen ? .milliseconds(100) : min(backoff * 2, .seconds(10))
            do { try await clock.sleep(for: backoff) } catch { return }
        }
    }

    /// Whether the stream was open at all.
    private func follow(_ client: ServerClient, _ request: ServerRequest, _ receive: @escaping Receiver) async -> Bool {
        let parser = Mutex(ServerEventParser(limit: 32 << 20))
        let outcome = Mutex<(isOpen: Bool, refusal: ServerAnswer?)>((false, nil))
        try? await client.stream(request, silence: silence) { start in
            switch start {
            case .opened:
                outcome.withLock { $0.isOpen = true }
                self.take { $0.subscribed() }
            case .refused(let answer): outcome.withLock { $0.refusal = answer }
            }
        } receive: { bytes in
            let events = try parser.withLock { parser throws(ServerEventParser.Failure) in
                try parser.receive(bytes)
            }
            for event in events { self.take { $0.received(event) } }
            // Nothing more is read before the log has this.
            await self.deliver(receive)
        }
        let (isOpen, refusal) = outcome.withLock { $0 }
        if !Task.isCancelled { take { $0.unsubscribed(refusal) } }
        return isOpen
    }
}

/// Counts occasions, and lets one task wait for the next.
final class Occasions: Sendable {
    private struct State {
        var count = 0
        var waiter: (number: Int, continuation: CheckedContinuation<Void, Never>)?
        var waits = 0
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    func raise() {
        let waiter = state.withLock { state in
            state.count += 1
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.continuation.resume()
    }

    /// Returns when the count has passed `count`, or the task is cancelled.
    func wait(beyond count: Int) async {
        let number = state.withLock { state in
            state.waits += 1
            return state.waits
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.count > count || Task.isCancelled { return true }
                    state.waiter = (number, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard let waiter = state.waiter, waiter.number == number else { return nil }
                state.waiter = nil
                return waiter.continuation
            }
            waiter?.resume()
        }
    }
}
