import Dispatch
import HTTPTestSupport
import Synchronization
import TestJSON

/// Takes requests off connections and answers them from the world.
final class Desk: Sendable {
    private struct State {
        var world: World
        var isStopped = false
        /// Requests for updates that are held open.
        var polls: [DispatchSemaphore] = []
        var lastWaiter = 0
        var waiters: [Int: (condition: @Sendable (World) -> Bool, continuation: CheckedContinuation<Bool, Never>)] = [:]
    }

    private let state: Mutex<State>
    private let keepsRequests: Bool

    init(keepsRequests: Bool, now: @escaping @Sendable () -> Duration) {
        self.keepsRequests = keepsRequests
        state = Mutex(State(world: World(now: now)))
    }

    func read<T: Sendable>(_ body: (World) -> T) -> T { state.withLock { body($0.world) } }

    @discardableResult
    func change<T: Sendable>(_ body: (inout World) -> T) -> T {
        let (result, polls, woken) = state.withLock { state in
            let result = body(&state.world)
            let polls = state.polls
            state.polls = []
            let met = state.waiters.filter { $0.value.condition(state.world) }
            for number in met.keys { state.waiters[number] = nil }
            return (result, polls, met.values.map(\.continuation))
        }
        for poll in polls { poll.signal() }
        for waiter in woken { waiter.resume(returning: true) }
        return result
    }

    /// Returns when the condition holds; `false` when the task was cancelled before.
    @discardableResult
    func wait(_ condition: @escaping @Sendable (World) -> Bool) async -> Bool {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if condition(state.world) { return true }
                    if Task.isCancelled { return false }
                    state.waiters[number] = (condition, continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.continuation.resume(returning: false)
        }
    }

    func stop() {
        let polls = state.withLock { state in
            state.isStopped = true
            return state.polls
        }
        for poll in polls { poll.signal() }
    }

    // MARK: Requests

    func serve(_ connection: ScriptedConnection) {
        while let request = connection.readRequest() {
            guard answer(request, on: connection) else { return }
        }
    }

    /// `false`: the connection is to end.
    private func answer(_ request: ScriptedConnection.Request, on connection: ScriptedConnection) -> Bool {
        let files = "/file/bot\(FakeTelegram.token)/documents/file-"
        if request.method == "GET", request.path.hasPrefix(files) {
            return download(Int(request.path.dropFirst(files.count)) ?? 0, on: connection)
        }
        let prefix = "/bot\(FakeTelegram.token)/"
        guard request.method == "POST", request.path.hasPrefix(prefix) else {
            let isOtherBot = request.path.hasPrefix("/bot")
            let problem: (Int, String) = isOtherBot ? (401, "Unauthorized") : (404, "Not Found")
            return respond(.failure(problem.0, problem.1, parameters: nil), on: connection)
        }
        let method = String(request.path.dropFirst(prefix.count))
        let (body, file) = Form.read(request)
        let fault = change { world in
            if keepsRequests { world.requests.append((method, body)) }
            return world.takeFault(for: method, body)
        }
        switch fault {
        case .dropBefore?: return false
        case .answer(let status, let body)?:
            return connection.answer(status, headers: "Content-Type: text/html\r\n", body)
        case .refuse(let code, let words)?: return respond(.failure(code, words, parameters: nil), on: connection)
        case .flood(let seconds)?:
            change { $0.rates.flood(chat: body["chat_id"]?.integer ?? 0, for: seconds, at: $0.now()) }
            return respond(World.flood(seconds), on: connection)
        case .dropAfter?:
            _ = change { $0.call(method, body, file: file) }
            return false
        case .hang?:
            _ = change { $0.call(method, body, file: file) }
            _ = connection.readRequest()
            return false
        case nil: break
        }
        if method == "getUpdates" { return poll(body, on: connection) }
        return respond(change { $0.call(method, body, file: file) }, on: connection)
    }

    private func download(_ number: Int, on connection: ScriptedConnection) -> Bool {
        let (fault, bytes) = change { world in
            (world.takeFault(for: "file"), world.files.indices.contains(number - 1) ? world.files[number - 1] : nil)
        }
        guard fault == nil else { return false }
        guard let bytes else { return connection.answer("404 Not Found", headers: "", "Not Found") }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: \(bytes.count)\r\n\r\n"
        return connection.write(head) && connection.write(bytes)
    }

    private func respond(_ verdict: World.Verdict, on connection: ScriptedConnection) -> Bool {
        switch verdict {
        case .result(let result):
            let body: JSON = ["ok": true, "result": result]
            return connection.answer(headers: "Content-Type: application/json\r\n", body.text)
        case .failure(let code, let words, let parameters):
            let body = JSON.object(["ok": false, "error_code": .integer(code), "description": .string(words)])
                .with(["parameters": parameters])
            return connection.answer("\(code) Refused", headers: "Content-Type: application/json\r\n", body.text)
        }
    }

    // MARK: Updates

    private func poll(_ request: JSON, on connection: ScriptedConnection) -> Bool {
        if let problem = Rules.problem("getUpdates", request) {
            change { $0.violations.append("getUpdates: \(problem)") }
            return respond(.failure(400, "Bad Request: \(problem)", parameters: nil), on: connection)
        }
        if read(\.hasWebhook) {
            let words = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"
            return respond(.failure(409, words, parameters: nil), on: connection)
        }
        change { world in
            guard let offset = request["offset"]?.integer else { return }
            world.confirmed = max(world.confirmed, offset)
            world.updates.removeAll { $0.id < offset }
        }
        while true {
            let wake = DispatchSemaphore(value: 0)
            let (updates, isStopped) = state.withLock { state in
                let updates = state.world.updates.prefix(100).map(\.body)
                if updates.isEmpty, !state.isStopped { state.polls.append(wake) }
                return (updates, state.isStopped)
            }
            if isStopped { return false }
            if !updates.isEmpty { return respond(.result(.array(updates)), on: connection) }
            wake.wait()
        }
    }
}
