import NIOCore
import Synchronization

/// A server's program, started for one agent of one sandbox, and the place where it listens.
final class ServerProcess: Sendable {
    /// Stands for a free port and for a random secret in the command and its environment.
    static let portMark = "{port}"
    static let tokenMark = "{token}"

    private let process: AgentProcess
    private let clock: any Clock<Duration>
    private let group: any EventLoopGroup
    /// Where it was told to listen; nil when it says so itself.
    private let port: Int?
    private let token: String
    private let addresses: AsyncStream<(String, Int)>
    private let announcer: AsyncStream<(String, Int)>.Continuation
    private let said = TailBuffer(limit: 2048)

    init(_ launch: AgentLaunch, limits: AgentProcess.Limits, group: any EventLoopGroup, clock: any Clock<Duration>)
        throws(RunnerError)
    {
        let hasPort = launch.arguments.contains { $0.contains(Self.portMark) }
        let (port, token) = (hasPort ? try ListenAddress.freePort() : nil, Self.secret())
        func filled(_ text: String) -> String {
            text.replacingMark(Self.portMark, port.map { String($0) } ?? "").replacingMark(Self.tokenMark, token)
        }
        var launch = launch
        launch.arguments = launch.arguments.map(filled)
        launch.environment = launch.environment.mapValues(filled)
        (addresses, announcer) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
        (self.port, self.token, self.group, self.clock) = (port, token, group, clock)
        process = try AgentProcess(launch, limits: limits, group: group, clock: clock)
    }

    func run() async -> AgentEnd {
        var end = await process.run { lines in
            for case .line(let bytes) in lines { self.read(bytes) }
        }
        announcer.finish()
        if end.message.isEmpty { end.message = said.text }
        return end
    }

    var hasEnded: Bool { process.hasEnded }

    func end() async { await process.end() }

    /// Waits until the server listens; nil when it ended before.
    func client(headers: @Sendable (_ token: String) -> [String: String]) async -> ServerClient? {
        guard let port else {
            for await (host, port) in addresses { return client(host, port, headers(token)) }
            return nil
        }
        let client = client("127.0.0.1", port, headers(token))
        // A server that was told its port does not say when it listens there.
        while !process.hasEnded {
            if await client.answers() { return client }
            do { try await clock.sleep(for: .milliseconds(50)) } catch { return nil }
        }
        return nil
    }

    private func client(_ host: String, _ port: Int, _ headers: [String: String]) -> ServerClient {
        ServerClient(host: host, port: port, headers: headers, group: group, clock: clock)
    }

    /// “opencode server listening on http://127.0.0.1:4096”
    private func read(_ line: [UInt8]) {
        said.append(line + [0x0A])
        guard port == nil, let address = Self.address(String(decoding: line, as: UTF8.self)) else { return }
        announcer.yield(address)
    }

    static func address(_ line: String) -> (String, Int)? {
        guard let mark = line.firstRange(of: "listening on http://") else { return nil }
        let place = line[mark.upperBound...].prefix { !$0.isWhitespace && $0 != "/" }
        guard let colon = place.lastIndex(of: ":"), let port = Int(place[place.index(after: colon)...]),
            (1...65535).contains(port)
        else { return nil }
        let host = String(place[..<colon])
        return (["0.0.0.0", "localhost"].contains(host) ? "127.0.0.1" : host, port)
    }

    private static func secret() -> String {
        (0..<16).map { _ in UInt8.random(in: 0...255) }.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension String {
    func replacingMark(_ mark: String, _ value: String) -> String {
        var rest = self[...]
        var out = ""
        while let place = rest.firstRange(of: mark) {
            out += rest[..<place.lowerBound] + value
            rest = rest[place.upperBound...]
        }
        return out + rest
    }
}
