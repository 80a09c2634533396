import AnycodeJSON

#if os(Linux)
import AnycodeAgent
import CCurl
import Glibc

/// Plays the runners of any number of sandboxes, and the agents in them, in one process on one thread behind one
/// Unix socket: each session is told by its bearer token. Speaks what `anycode-runner` speaks, as far as sessions that
/// only stream text need it, and keeps each runner's log, so that a daemon that was killed finds everything again.
///
/// usage: play-runners SOCKET SESSIONS. Lines of its input: `rate N` (deltas per second and session), `hold`, `go`,
/// `mark` (count streams opened from now on), `state`. Ends with its input.
final class RunnerPlayer {
    private let epoll = epoll_create1(0)
    private let listener: Int32
    private let sessions: Int
    private var connections: [Int32: RunnerConnection] = [:]
    private var runners: [String: PlayedRunner] = [:]
    /// The streaming runners by the millisecond of the period in which they are due.
    private var wheel: [[PlayedRunner]] = []
    private var streaming: [PlayedRunner] = []
    private var next = RunnerPlayer.now()
    private var slot = 0
    private var isHeld = false
    private var deltas = 0
    private var opened: Set<String> = []
    private var isOver = false

    static func run(_ arguments: [String]) throws {
        guard arguments.count == 2, let sessions = Int(arguments[1]) else { exit(64) }
        let player = RunnerPlayer(socket: arguments[0], sessions: sessions)
        player.setRate(2)
        player.loop()
    }

    private init(socket path: String, sessions: Int) {
        self.sessions = sessions
        listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) == 0 }
        }
        guard isBound, listen(listener, 4096) == 0 else { exit(71) }
        watch(listener)
        watch(0)
    }

    /// Microseconds of the clock that all processes of a machine share.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    private func watch(_ descriptor: Int32, writes: Bool = false, isKnown: Bool = false) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | (writes ? EPOLLOUT.rawValue : 0)
        event.data.fd = descriptor
        epoll_ctl(epoll, isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event)
    }

    private func loop() {
        var events = [epoll_event](repeating: epoll_event(), count: 512)
        while !isOver {
            let wait = max(0, (next - Self.now() + 999) / 1_000)
            let count = epoll_wait(epoll, &events, Int32(events.count), Int32(clamping: wait))
            for index in 0..<Int(max(0, count)) { serve(events[index].data.fd, events[index].events) }
            tick()
        }
    }

    private func serve(_ descriptor: Int32, _ events: UInt32) {
        switch descriptor {
        case listener: accept()
        case 0: command()
        default:
            guard let connection = connections[descriptor] else { return }
            if events & EPOLLOUT.rawValue != 0 { flush(connection) }
            if events & ~EPOLLOUT.rawValue != 0 { read(connection) }
        }
    }

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            connections[descriptor] = RunnerConnection(descriptor)
            watch(descriptor)
        }
    }

    private func close(_ connection: RunnerConnection) {
        if let runner = connection.runner, runner.stream === connection { runner.stream = nil }
        connections[connection.descriptor] = nil
        Glibc.close(connection.descriptor)
    }

    private func read(_ connection: RunnerConnection) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = Glibc.read(connection.descriptor, &buffer, buffer.count)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN { close(connection) }
            return
        }
        connection.input += buffer[..<count]
        while let request = connection.takeRequest() { answer(request, connection) }
    }

    private func flush(_ connection: RunnerConnection) {
        guard let isDone = connection.write() else { return close(connection) }
        if isDone, connection.closes { return close(connection) }
        guard connection.waitsForRoom == isDone else { return }
        connection.waitsForRoom = !isDone
        watch(connection.descriptor, writes: !isDone, isKnown: true)
    }

    // MARK: Time

    private func setRate(_ rate: Int) {
        wheel = Array(repeating: [], count: max(1, 1_000 / rate))
        slot = 0
        for (number, runner) in streaming.enumerated() { place(runner, number) }
    }

    private func place(_ runner: PlayedRunner, _ number: Int) {
        wheel[number * wheel.count / max(sessions, streaming.count) % wheel.count].append(runner)
    }

    private func tick() {
        let now = Self.now()
        while next <= now {
            if !isHeld { for runner in wheel[slot] { say(runner) } }
            slot = (slot + 1) % wheel.count
            next += 1_000
        }
    }

    /// One delta, whose text is its number and the time at which it was said.
    private func say(_ runner: PlayedRunner) {
        runner.deltas += 1
        deltas += 1
        runner.append(
            """
            {"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"bench","update":{"sessionUpdate":\
            "agent_message_chunk","content":{"type":"text","text":"\(runner.deltas).\(Self.now()) "}}}}
            """)
        if let stream = runner.stream { flush(stream) }
    }

    // MARK: Commands

    private func command() {
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = Glibc.read(0, &buffer, buffer.count)
        guard count > 0 else { return isOver = true }
        for line in String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            switch words.first {
            case "rate": setRate(words.last.flatMap { Int($0) } ?? 2)
            case "hold": isHeld = true
            case "go": isHeld = false
            case "mark": opened = []
            default: break
            }
            print("streaming=\(streaming.count) opened=\(opened.count) deltas=\(deltas)")
        }
        fflush(nil)  // nothing is read through stdio here
    }

    // MARK: HTTP

    private func answer(_ request: RunnerRequest, _ connection: RunnerConnection) {
        guard let token = request.token else { return respond(connection, "401 Unauthorized", "{}") }
        let runner = runners[token] ?? PlayedRunner()
        runners[token] = runner
        switch (request.method, request.path) {
        case ("GET", "/v1/health"):
            let server = #"{"server_id":"anycode","running":true}"#
            respond(
                connection, "200 OK",
                #"{"status":"ok","version":"bench","log_id":"bench","servers":[\#(server)]}"#)
        case ("POST", "/anycode/v1/workspace/prepare"):
            respond(connection, "200 OK", #"{"done":{"base":"base","path":"/workspace/repo"}}"# + "\n")
        case ("GET", "/anycode/v1/workspace/status"): respond(connection, "200 OK", #"{"base":"base","files":[]}"#)
        case ("GET", "/v1/acp/anycode"): open(connection, runner, token, after: request.cursor)
        case ("POST", "/v1/acp/anycode"):
            take(request.body, runner)
            respond(connection, "202 Accepted", "")
        default: respond(connection, "200 OK", "{}")
        }
    }

    private func respond(_ connection: RunnerConnection, _ status: String, _ body: String) {
        connection.output +=
            """
            HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\
            Connection: close\r\n\r\n\(body)
            """.utf8
        connection.closes = true
        flush(connection)
    }

    private func open(_ connection: RunnerConnection, _ runner: PlayedRunner, _ token: String, after cursor: Int) {
        connection.output +=
            """
            HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
            d\r\n: connected\n\n\r\n
            """.utf8
        connection.runner = runner
        connection.position = runner.offset(after: cursor)
        runner.stream = connection
        opened.insert(token)
        flush(connection)
    }

    /// What the agent is told: it answers at once, and from its first prompt on it talks.
    private func take(_ body: [UInt8], _ runner: PlayedRunner) {
        guard let message = try? JSON(parsing: body), let id = message["id"], let method = message.text("method")
        else { return }
        let name = String(decoding: id.bytes, as: UTF8.self)
        guard runner.known.insert(name).inserted else { return }
        switch method {
        case "initialize":
            runner.append(
                #"{"jsonrpc":"2.0","id":\#(name),"result":{"protocolVersion":1,"agentCapabilities":{"loadSession":true}}}"#
            )
        case "session/new": runner.append(#"{"jsonrpc":"2.0","id":\#(name),"result":{"sessionId":"bench"}}"#)
        case "session/prompt":
            place(runner, streaming.count)
            streaming.append(runner)
        default: runner.append(#"{"jsonrpc":"2.0","id":\#(name),"result":{}}"#)
        }
        if let stream = runner.stream { flush(stream) }
    }
}

/// One runner's log, in the form in which it goes out.
final class PlayedRunner {
    private(set) var log: [UInt8] = []
    /// Where each event begins; the first has the number 1.
    private var starts: [Int] = []
    /// The ids of requests that were given to the agent.
    var known: Set<String> = []
    var deltas = 0
    var stream: RunnerConnection?

    func append(_ message: String) {
        starts.append(log.count)
        let event = "id: \(starts.count)\nevent: message\ndata: \(message)\n\n"
        log += "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n".utf8
    }

    func offset(after cursor: Int) -> Int { cursor < starts.count ? starts[cursor] : log.count }
}

struct RunnerRequest {
    var method = ""
    var path = ""
    var token: String?
    var cursor = 0
    var body: [UInt8] = []
}

final class RunnerConnection {
    let descriptor: Int32
    var input: [UInt8] = []
    var output: [UInt8] = []
    var closes = false
    var waitsForRoom = false
    /// Set once the connection is an event stream; it is written from the runner's log.
    var runner: PlayedRunner?
    var position = 0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Writes what there is. Whether all of it went out; `nil` when the peer is gone.
    func write() -> Bool? {
        while !output.isEmpty {
            let count = send(output[...])
            if count < 0 { return errno == EAGAIN ? false : nil }
            output.removeFirst(count)
        }
        guard let runner else { return true }
        while position < runner.log.count {
            let count = send(runner.log[position...])
            if count < 0 { return errno == EAGAIN ? false : nil }
            position += count
        }
        return true
    }

    private func send(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// The next whole request, if it is here.
    func takeRequest() -> RunnerRequest? {
        let end: [UInt8] = [13, 10, 13, 10]
        guard let place = input.indices.first(where: { input[$0...].starts(with: end) }) else { return nil }
        var lines = String(decoding: input[..<place], as: UTF8.self).split(separator: "\r\n")[...]
        let first = lines.removeFirst().split(separator: " ")
        guard first.count >= 2 else { return nil }
        var request = RunnerRequest(method: String(first[0]), path: String(first[1].prefix { $0 != "?" }))
        var length = 0
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            switch line[..<colon].lowercased() {
            case "authorization": request.token = String(value)
            case "content-length": length = Int(value) ?? 0
            case "last-event-id": request.cursor = Int(value) ?? 0
            default: break
            }
        }
        guard input.count >= place + 4 + length else { return nil }
        request.body = Array(input[(place + 4)..<(place + 4 + length)])
        input.removeFirst(place + 4 + length)
        return request
    }
}
#else
/// Runners are played with epoll, which only Linux has.
enum RunnerPlayer {
    static func run(_ arguments: [String]) throws {}
}
#endif
