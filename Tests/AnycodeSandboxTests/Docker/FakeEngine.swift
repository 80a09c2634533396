import Foundation
import HTTPTestSupport
import Synchronization

/// A Docker Engine that only pretends, over a Unix socket; strict about versions, paths and bodies.
final class FakeEngine: Sendable {
    enum Fault: Sendable {
        case status(Int, String)
        /// Acts on the request, and then hangs up instead of answering.
        case lostAnswer
        case hangUp
    }

    struct Container: Sendable {
        let id: String
        let name: String
        let labels: [String: String]
        let token: String
        var status = "created"
        var exitCode = 0
        var outOfMemory = false
        var files: [String] = []
        var runner: ScriptedServer?

        var isRunning: Bool { status == "running" }
    }

    private struct State {
        var containers: [Container] = []
        var images: Set<String> = ["plain:1"]
        var networks: [(name: String, id: String)] = []
        var faults: [(call: String, fault: Fault)] = []
        var calls: [String] = []
        var streams: [ScriptedConnection] = []
        /// What happened, in lines, and when by the Engine's clock.
        var past: [(time: Int, line: String)] = []
        /// What is to happen between the next list and the stream that is opened after it.
        var gap: (@Sendable () -> Void)?
        var streamCount = 0
        var pull: [String] = []
        var versions: (lowest: String, highest: String) = ("1.24", "1.41")
        var server: ScriptedServer?
    }

    let socket = "/tmp/anycode-test-\(UInt32.random(in: .min ... .max)).sock"
    /// Open when someone listens to events, and when someone does so again.
    let hasListener = Gate()
    let hasSecondListener = Gate()
    /// The clock that its answers tell.
    private static let now = 784_111_777
    private let state = Mutex(State())

    init() throws {
        try start()
    }

    /// Another program's, made at the same time as ours: older Engines have several of one name then.
    func addNetwork(_ name: String, id: String) {
        state.withLock { $0.networks.append((name, id)) }
    }

    var networks: [String] { state.withLock { $0.networks.map(\.id) } }
    var calls: [String] { state.withLock { $0.calls } }
    var containers: [Container] { state.withLock { $0.containers } }

    /// The next call that begins ("POST /containers/create") or ends so ("/start") goes wrong.
    func fail(_ call: String, _ fault: Fault) {
        state.withLock { $0.faults.append((call, fault)) }
    }

    func speak(_ lowest: String, _ highest: String) {
        state.withLock { $0.versions = (lowest, highest) }
    }

    /// Answers of the next pull; the image is there afterwards unless one is an error.
    func pulling(_ lines: [String]) {
        state.withLock { $0.pull = lines }
    }

    /// A container dies; nobody is told, now or later, when the Engine is made to be silent about it.
    func end(exitCode: Int, outOfMemory: Bool = false, telling: Bool = true) {
        let (lines, streams): ([String], [ScriptedConnection]) = state.withLock { state in
            for index in state.containers.indices {
                state.containers[index].status = "exited"
                state.containers[index].exitCode = exitCode
                state.containers[index].outOfMemory = outOfMemory
            }
            guard telling else { return ([], []) }
            let id = state.containers.first?.id ?? ""
            let lines = (outOfMemory ? ["oom", "die"] : ["die"]).map { action in
                "{\"Type\":\"container\",\"Action\":\"\(action)\",\"Actor\":{\"ID\":\"\(id)\",\"Attributes\":"
                    + "{\"exitCode\":\"\(exitCode)\"}},\"time\":\(Self.now),\"timeNano\":\(Self.now)000000000}\n"
            }
            state.past += lines.map { (Self.now, $0) }
            return (lines, state.streams)
        }
        for stream in streams { lines.forEach { Self.tell($0, stream) } }
    }

    /// In two pieces, as a network may.
    private static func tell(_ line: String, _ stream: ScriptedConnection) {
        stream.chunk(String(line.prefix(40)))
        stream.chunk(String(line.dropFirst(40)))
    }

    /// All streams of events break. `body` happens after the next list and before the stream that follows it.
    func dropStreams(thenInTheGap body: (@Sendable () -> Void)? = nil) {
        let streams = state.withLock { state in
            state.gap = body
            defer { state.streams = [] }
            return state.streams
        }
        for stream in streams { stream.abort() }
    }

    func start() throws {
        let server = try ScriptedServer(unix: true) { [self] connection in
            while let request = connection.readRequest() {
                guard serve(request, connection) else { return }
            }
        }
        guard let path = server.socketPath, rename(path, socket) == 0 else { throw POSIXError(.EIO) }
        state.withLock { $0.server = server }
    }

    /// The Engine goes away, its containers with it where it is told so.
    func stop(endingContainers: Bool = false) {
        let server = state.withLock { state in
            defer { (state.server, state.streams) = (nil, []) }
            return state.server
        }
        server?.stop()
        unlink(socket)
        if endingContainers { end(exitCode: 137, telling: false) }
    }

    func finish() {
        stop()
        for container in containers { container.runner?.stop() }
    }

    // MARK: - Serving

    /// Whether the connection may go on.
    private func serve(_ request: ScriptedConnection.Request, _ connection: ScriptedConnection) -> Bool {
        let parts = request.path.split(separator: "?", maxSplits: 1).map(String.init)
        let query = URLComponents(string: "http://x/?\(parts.count > 1 ? parts[1] : "")")?.queryItems ?? []
        let values = Dictionary(query.map { ($0.name, $0.value ?? "") }) { first, _ in first }
        if parts[0] == "/version" {
            let (lowest, highest) = state.withLock { $0.versions }
            return connection.answer("200 OK", "{\"ApiVersion\":\"\(highest)\",\"MinAPIVersion\":\"\(lowest)\"}")
        }
        let path: String
        switch unversioned(parts[0]) {
        case .success(let known): path = known
        case .failure(let problem): return answer(400, problem.text, connection)
        }
        let call = "\(request.method) \(path)"
        let fault: Fault? = state.withLock { state in
            state.calls.append(call)
            guard
                let index = state.faults.firstIndex(where: {
                    call.hasPrefix($0.call) || call.hasSuffix($0.call)
                })
            else { return nil }
            return state.faults.remove(at: index).fault
        }
        switch fault {
        case .hangUp: return false
        case .status(let status, let text): return answer(status, text, connection)
        case .lostAnswer:
            _ = route(request.method, path, values, request, nil)
            return false
        case nil: return route(request.method, path, values, request, connection)
        }
    }

    struct Problem: Error { let text: String }

    private func unversioned(_ path: String) -> Result<String, Problem> {
        let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[0].hasPrefix("v") else { return .failure(Problem(text: "no version")) }
        let number = { (text: String) in Int(text.split(separator: ".").last ?? "") ?? -1 }
        let (lowest, highest) = state.withLock { (number($0.versions.lowest), number($0.versions.highest)) }
        let asked = number(parts[0])
        guard asked <= highest else {
            return .failure(Problem(text: "client version is too new. Maximum supported API version is 1.\(highest)"))
        }
        guard asked >= lowest else {
            return .failure(Problem(text: "client version is too old. Minimum supported API version is 1.\(lowest)"))
        }
        return .success("/" + parts[1])
    }

    private func answer(_ status: Int, _ text: String, _ connection: ScriptedConnection?) -> Bool {
        let body = (try? JSONSerialization.data(withJSONObject: ["message": text])) ?? Data()
        return connection?.answer("\(status) Problem", String(decoding: body, as: UTF8.self)) ?? false
    }

    private func json(_ value: Any, _ connection: ScriptedConnection?, status: String = "200 OK") -> Bool {
        let body = (try? JSONSerialization.data(withJSONObject: value)) ?? Data()
        let headers = "Content-Type: application/json\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        return connection?.answer(status, headers: headers, String(decoding: body, as: UTF8.self)) ?? false
    }

    private func route(
        _ method: String, _ path: String, _ query: [String: String], _ request: ScriptedConnection.Request,
        _ connection: ScriptedConnection?
    ) -> Bool {
        let parts = path.split(separator: "/").map(String.init)
        switch (method, parts.first ?? "", parts.dropFirst().last ?? "") {
        case ("GET", "images", _): return image(path, connection)
        case ("POST", "images", "create"): return pull(query, connection)
        case ("GET", "networks", _):
            let all = state.withLock { $0.networks }
            return json(all.map { ["Name": $0.name, "Id": $0.id, "Created": $0.id] }, connection)
        case ("POST", "networks", "create"):
            guard let body = object(request.body, allowed: FakeSchema.network) else {
                return answer(400, "invalid network", connection)
            }
            let id = "net-\(UInt32.random(in: .min ... .max))"
            addNetwork(body["Name"] as? String ?? "", id: id)
            return json(["Id": id, "Warning": ""], connection, status: "201 Created")
        case ("DELETE", "networks", let id):
            state.withLock { $0.networks.removeAll { $0.id == id } }
            return connection?.answer("204 No Content") ?? false
        case ("GET", "events", _): return events(query, connection)
        case ("GET", "containers", "json") where parts.count == 2: return list(query, connection)
        case ("POST", "containers", "create"): return create(query["name"] ?? "", request, connection)
        case (_, "containers", let verb) where parts.count >= 2:
            return container(method, parts[1], parts.count > 2 ? verb : "", query, request, connection)
        default: return answer(404, "page not found", connection)
        }
    }

    private func image(_ path: String, _ connection: ScriptedConnection?) -> Bool {
        let name = String(path.dropFirst("/images/".count).dropLast("/json".count))
        guard state.withLock({ $0.images.contains(name) }) else {
            return answer(404, "No such image: \(name)", connection)
        }
        return json(["Id": "sha256:1", "Config": ["User": "", "Labels": [:]]], connection)
    }

    private func pull(_ query: [String: String], _ connection: ScriptedConnection?) -> Bool {
        guard let name = query["fromImage"], let tag = query["tag"] else {
            return answer(400, "a tag is wanted", connection)
        }
        let lines = state.withLock { state in
            if !state.pull.contains(where: { $0.contains("\"error\"") }) { state.images.insert("\(name):\(tag)") }
            return state.pull
        }
        guard let connection, connection.startChunks("application/json") else { return false }
        for line in lines { connection.chunk(line + "\r\n") }
        return connection.write("0\r\n\r\n")
    }

    private func events(_ query: [String: String], _ connection: ScriptedConnection?) -> Bool {
        let filters = object(Array((query["filters"] ?? "").utf8), allowed: ["type", "label", "event"])
        guard filters != nil, let since = query["since"].flatMap({ Int($0) }), (1...Self.now).contains(since),
            let connection
        else { return answer(400, "invalid filter or time", connection) }
        let gap = state.withLock { state in
            defer { state.gap = nil }
            return state.gap
        }
        gap?()
        connection.startChunks("application/json")
        let (past, isFirst) = state.withLock { state in
            state.streams.append(connection)
            state.streamCount += 1
            return (state.past.filter { $0.time >= since }, state.streamCount == 1)
        }
        for event in past { Self.tell(event.line, connection) }
        (isFirst ? hasListener : hasSecondListener).open()
        connection.waitForHangUp()
        return false
    }

    private func list(_ query: [String: String], _ connection: ScriptedConnection?) -> Bool {
        guard query["all"] == "1", let filters = object(Array((query["filters"] ?? "").utf8), allowed: ["label"]),
            let labels = filters["label"] as? [String]
        else { return answer(400, "invalid filter", connection) }
        let found = containers.filter { container in
            labels.allSatisfy { label in
                let pair = label.split(separator: "=", maxSplits: 1).map(String.init)
                return pair.count == 2 && container.labels[pair[0]] == pair[1]
            }
        }
        return json(
            found.map {
                [
                    "Id": $0.id, "Names": ["/\($0.name)"], "Labels": $0.labels, "Created": 1_700_000_000,
                    "State": $0.status,
                ] as [String: Any]
            }, connection)
    }

    private func create(
        _ name: String, _ request: ScriptedConnection.Request, _ connection: ScriptedConnection?
    ) -> Bool {
        guard request.headers["content-type"] == "application/json",
            let body = object(request.body, allowed: FakeSchema.container),
            let host = body["HostConfig"] as? [String: Any], Set(host.keys).isSubset(of: FakeSchema.host),
            name.range(of: "^[a-zA-Z0-9][a-zA-Z0-9_.-]+$", options: .regularExpression) != nil
        else { return answer(400, "invalid container", connection) }
        guard !containers.contains(where: { $0.name == name }) else {
            return answer(409, "Conflict. The container name \"/\(name)\" is already in use", connection)
        }
        let environment = body["Env"] as? [String] ?? []
        let token = environment.first { $0.hasPrefix("ANYCODE_RUNNER_TOKEN=") }?.split(separator: "=").last
        let container = Container(
            id: (0..<8).map { _ in String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16) }.joined(), name: name,
            labels: body["Labels"] as? [String: String] ?? [:], token: token.map(String.init) ?? "")
        state.withLock { $0.containers.append(container) }
        return json(["Id": container.id, "Warnings": [String]()], connection, status: "201 Created")
    }

    private func container(
        _ method: String, _ name: String, _ verb: String, _ query: [String: String],
        _ request: ScriptedConnection.Request, _ connection: ScriptedConnection?
    ) -> Bool {
        guard let found = containers.first(where: { $0.name == name || $0.id == name }) else {
            return answer(404, "No such container: \(name)", connection)
        }
        func change(_ body: (inout Container) -> Void) {
            state.withLock { state in
                if let index = state.containers.firstIndex(where: { $0.id == found.id }) {
                    body(&state.containers[index])
                }
            }
        }
        switch (method, verb) {
        case ("GET", "json"): return inspect(found, connection)
        case ("PUT", "archive"):
            guard !found.isRunning, request.headers["content-type"] == "application/x-tar" else {
                return answer(400, "invalid archive", connection)
            }
            change { $0.files += FakeSchema.names(inTar: request.body) }
            return connection?.answer() ?? false
        case ("POST", "start"):
            let names = state.withLock { $0.networks.map(\.name) }
            if let name = names.first(where: { name in names.count { $0 == name } > 1 }) {
                let count = names.count { $0 == name }
                return answer(400, "network \(name) is ambiguous (\(count) matches found on name)", connection)
            }
            let runner = try? ScriptedServer { connection in
                while let request = connection.readRequest() {
                    let isKnown = request.headers["authorization"] == "Bearer \(found.token)"
                    connection.answer(isKnown ? "200 OK" : "401 Unauthorized", "{}")
                }
            }
            change { ($0.status, $0.runner) = ("running", runner) }
            return connection?.answer("204 No Content") ?? false
        case ("POST", "stop"):
            change { $0.status = "exited" }
            return connection?.answer("204 No Content") ?? false
        case ("DELETE", ""):
            state.withLock { $0.containers.removeAll { $0.id == found.id } }
            found.runner?.stop()
            return connection?.answer("204 No Content") ?? false
        case ("GET", "logs"): return connection?.answer("200 OK", "\u{2}\0\0\0\0\0\0\u{4}boo!") ?? false
        default: return answer(404, "page not found", connection)
        }
    }

    private func inspect(_ container: Container, _ connection: ScriptedConnection?) -> Bool {
        let binding = ["HostIp": "127.0.0.1", "HostPort": "\(container.runner?.port ?? 0)"]
        let ports: [String: Any] = container.isRunning ? ["2468/tcp": [binding]] : [:]
        return json(
            [
                "Id": container.id, "Config": ["Labels": container.labels], "NetworkSettings": ["Ports": ports],
                "State": [
                    "Status": container.status, "Running": container.isRunning, "ExitCode": container.exitCode,
                    "OOMKilled": container.outOfMemory, "Error": "",
                ],
            ], connection)
    }

    private func object(_ bytes: [UInt8], allowed: Set<String>) -> [String: Any]? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
            Set(object.keys).isSubset(of: allowed)
        else { return nil }
        return object
    }
}

/// The fields of the Engine's API, 1.41, and a look into archives.
enum FakeSchema {
    static let container: Set<String> = [
        "Hostname", "Domainname", "User", "AttachStdin", "AttachStdout", "AttachStderr", "ExposedPorts", "Tty",
        "OpenStdin", "StdinOnce", "Env", "Cmd", "Healthcheck", "ArgsEscaped", "Image", "Volumes", "WorkingDir",
        "Entrypoint", "NetworkDisabled", "MacAddress", "OnBuild", "Labels", "StopSignal", "StopTimeout", "Shell",
        "HostConfig", "NetworkingConfig",
    ]
    static let host: Set<String> = [
        "Memory", "MemorySwap", "NanoCpus", "PidsLimit", "Binds", "LogConfig", "NetworkMode", "PortBindings",
        "RestartPolicy", "AutoRemove", "Mounts", "CapAdd", "CapDrop", "ReadonlyRootfs", "SecurityOpt", "Tmpfs",
        "ShmSize", "Ulimits", "Init",
    ]
    static let network: Set<String> = [
        "Name", "CheckDuplicate", "Driver", "Internal", "Attachable", "Ingress", "IPAM", "EnableIPv6", "Options",
        "Labels",
    ]

    static func names(inTar bytes: [UInt8]) -> [String] {
        var names: [String] = []
        var offset = 0
        while offset + 1024 <= bytes.count, bytes[offset] != 0 {
            names.append(String(decoding: bytes[offset..<offset + 100].prefix { $0 != 0 }, as: UTF8.self))
            let size = Int(String(decoding: bytes[offset + 124..<offset + 135], as: UTF8.self), radix: 8) ?? 0
            offset += 512 + (size + 511) / 512 * 512
        }
        return names
    }
}
