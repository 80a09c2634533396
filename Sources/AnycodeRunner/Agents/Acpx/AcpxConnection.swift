import AnycodeJSON
import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An agent behind acpx: a command for each prompt, in one named session, so that each continues the one before.
final class AcpxConnection: AgentConnection {
    private struct State {
        var session: String?
        var running: AgentProcess?
        var isCancelled = false
        var notices = 0
    }

    private let launch: AgentLaunch
    private let driver: AgentDriver
    private let limits: AgentProcess.Limits
    private let group: any EventLoopGroup
    private let clock: any Clock<Duration>
    private let state = Mutex(State())
    private let messages: AsyncStream<JSON>
    private let poster: AsyncStream<JSON>.Continuation

    init(
        _ launch: AgentLaunch, driver: AgentDriver, limits: AgentProcess.Limits, group: any EventLoopGroup,
        clock: any Clock<Duration>
    ) {
        (self.launch, self.driver, self.limits, self.group, self.clock) = (launch, driver, limits, group, clock)
        // What one client posts; a prompt is a message.
        (messages, poster) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    func run(_ receive: @escaping @Sendable ([AgentOutput]) async -> Void) async -> AgentEnd {
        for await message in messages {
            let outputs = await answer(message) { await receive(Self.written($0)) }
            await receive(Self.written(outputs))
        }
        // The owner of acpx's queue outlives its commands.
        await ProcessTree(root: nil, marker: launch.marker, grace: limits.grace, clock: clock).end()
        return AgentEnd(exit: ProcessExit(code: 0), message: "")
    }

    func send(_ message: Message) -> Bool {
        guard let json = try? JSON(parsing: message.bytes) else { return true }
        guard json.text("method") == "session/cancel" else {
            if json["method"] != nil { poster.yield(json) }
            return true
        }
        let running = state.withLock { state in
            state.isCancelled = state.running != nil
            return state.running
        }
        // It tells the agent and waits a little for it.
        running?.interrupt()
        return true
    }

    func end() async {
        poster.finish()
        await state.withLock { $0.running }?.end()
    }

    private static func written(_ outputs: [AcpxTurn.Output]) -> [AgentOutput] {
        outputs.compactMap { output in
            guard case .client(let json) = output else { return nil }
            return Message(json.bytes).map { .message($0) }
        }
    }
}

// MARK: - Messages

extension AcpxConnection {
    private func answer(
        _ message: JSON, _ receive: @escaping @Sendable ([AcpxTurn.Output]) async -> Void
    ) async -> [AcpxTurn.Output] {
        guard let id = message["id"], let method = message.text("method") else { return [] }
        let params = message["params"] ?? .null
        switch method {
        case "initialize": return [await initialize(id)]
        case "authenticate": return [.result(id, [:])]
        case "session/new": return await open(id, "anycode-\(Self.randomName())", isNew: true)
        case "session/load", "session/resume": return await open(id, params.text("sessionId") ?? "", isNew: false)
        case "session/prompt":
            guard let session = state.withLock({ $0.session }), params.text("sessionId") == session else {
                return [.failure(id, code: -32002, "There is no such session here.")]
            }
            let words = (params["prompt"]?.array ?? []).compactMap(Self.words).joined(separator: "\n\n")
            return [await prompt(id, session, words, receive)]
        default: return [.failure(id, code: -32601, "acpx offers no \(method).")]
        }
    }

    private static func words(_ block: JSON) -> String? {
        switch block.text("type") {
        case "text": block.text("text")
        case "resource_link": block.text("uri")
        case "resource": block["resource"]?.text("text")
        default: nil
        }
    }

    private static func randomName() -> String {
        (0..<8).map { _ in UInt8.random(in: 0...255) }.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func initialize(_ id: JSON) async -> AcpxTurn.Output {
        let ran = await run(["--version"])
        let version = AcpxWords.version(ran.output)
        let shown = version.map { $0.map(String.init).joined(separator: ".") } ?? "unknown"
        if let version, AcpxWords.isTooOld(version) {
            return .failure(id, code: -32603, AcpxWords.tooOld(shown))
        }
        return .result(
            id,
            [
                "protocolVersion": 1, "agentInfo": ["name": "acpx", "title": "acpx", "version": .string(shown)],
                "agentCapabilities": [
                    "loadSession": true,
                    "promptCapabilities": ["image": false, "audio": false, "embeddedContext": false],
                    "mcpCapabilities": ["http": false, "sse": false], "sessionCapabilities": ["resume": [:]],
                ],
                "authMethods": [],
            ])
    }

    private func open(_ id: JSON, _ session: String, isNew: Bool) async -> [AcpxTurn.Output] {
        if access("\(launch.directory)/.acpxrc.json", F_OK) == 0, !NativeAgent.trustsRepository(launch.environment) {
            return [.failure(id, code: -32603, AcpxWords.untrusted)]
        }
        let ran = await run(common + [driver.agent, "sessions", "ensure", "--name", session])
        guard ran.end.exit.success else {
            var turn = AcpxTurn(session: session, request: id, permissions: driver.permissions, notices: 0)
            for line in ran.output.split(separator: "\n") { _ = turn.printed(Array(line.utf8)) }
            return [turn.ended(ran.end.exit, said: ran.end.message)]
        }
        let number = state.withLock { state in
            state.session = session
            state.notices += 1
            return state.notices
        }
        let members = isNew ? [JSON.Member("sessionId", .string(session))] : []
        return [
            .result(id, .object(members)),
            .notice(session, AcpxWords.policy(driver.permissions), number: number),
        ]
    }
}

// MARK: - Runs

extension AcpxConnection {
    /// A queue's owner that stays keeps the agent's conversation warm; it ends with the connection.
    private var common: [String] {
        ["--cwd", launch.directory, "--format", "json", "--json-strict", "--\(driver.permissions)", "--ttl", "0"]
    }

    private func prompt(
        _ id: JSON, _ session: String, _ words: String, _ receive: @escaping @Sendable ([AcpxTurn.Output]) async -> Void
    ) async -> AcpxTurn.Output {
        let notices = state.withLock { state in
            state.isCancelled = false
            return state.notices
        }
        let turn = Mutex(
            AcpxTurn(session: session, request: id, permissions: driver.permissions, notices: notices))
        let ran = await run(common + [driver.agent, "-s", session, "--file", "-"], input: words) { lines in
            let outputs = turn.withLock { turn in
                lines.flatMap { line -> [AcpxTurn.Output] in
                    guard case .line(let bytes) = line else { return [] }
                    return turn.printed(bytes)
                }
            }
            if !outputs.isEmpty { await receive(outputs) }
        }
        let isCancelled = state.withLock { $0.isCancelled }
        return turn.withLock { turn in
            if isCancelled { turn.isCancelled = true }
            state.withLock { $0.notices = turn.noticeCount }
            return turn.ended(ran.end.exit, said: ran.end.message)
        }
    }

    private func run(
        _ arguments: [String], input: String = "",
        _ receive: (@Sendable ([LineSplitter.Line]) async -> Void)? = nil
    ) async -> (end: AgentEnd, output: String) {
        var launch = launch
        launch.arguments += arguments
        let process: AgentProcess
        do {
            process = try AgentProcess(launch, limits: limits, group: group, clock: clock)
        } catch {
            return (AgentEnd(exit: ProcessExit(code: 1), message: error.description), "")
        }
        if receive != nil { state.withLock { $0.running = process } }
        defer { state.withLock { $0.running = nil } }
        if !input.isEmpty { _ = process.send(Array(input.utf8)) }
        process.closeInput()
        let output = TailBuffer(limit: 64 << 10)
        let end = await process.run(sparesOthers: true) { lines in
            if let receive { return await receive(lines) }
            for case .line(let bytes) in lines { output.append(bytes + [0x0A]) }
        }
        return (end, output.text)
    }
}
