import HTTPTransport

extension Engine {
    func container(_ name: String) async throws(EngineError) -> ContainerDetails? {
        do throws(EngineError) {
            return try await get(ContainerDetails.self, EngineCall(.get, "/containers/\(name)/json"))
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// Containers in any state that have all these labels, and the Engine's time of the answer.
    func containers(labels: [String]) async throws(EngineError) -> (entries: [ContainerEntry], date: String?) {
        let filters = try Self.encode(["label": labels])
        let response = try await send(
            EngineCall(.get, "/containers/json", ["all": "1", "filters": String(decoding: filters, as: UTF8.self)]))
        return (try Self.decode([ContainerEntry].self, response.body), response.header("date"))
    }

    /// The new container's id.
    func create(_ request: ContainerRequest, name: String) async throws(EngineError) -> String {
        struct Created: Decodable {
            let id: String
            enum CodingKeys: String, CodingKey { case id = "Id" }
        }
        var call = EngineCall(.post, "/containers/create", ["name": name])
        call.body = .bytes(try Self.encode(request))
        call.timeout = .seconds(120)
        return try await get(Created.self, call).id
    }

    /// Does nothing when it runs already.
    func start(_ id: String) async throws(EngineError) {
        var call = EngineCall(.post, "/containers/\(id)/start")
        call.timeout = .seconds(120)
        try await send(call, alsoFine: [304])
    }

    /// Asks the container's first process to end, and kills everything after the grace.
    func stop(_ id: String, grace: Int) async throws(EngineError) {
        var call = EngineCall(.post, "/containers/\(id)/stop", ["t": "\(grace)"])
        call.timeout = .seconds(grace + 60)
        try await send(call, alsoFine: [304, 404])
    }

    /// Removes the container with its anonymous volumes; fine when there is none.
    func remove(_ id: String) async throws(EngineError) {
        try await send(EngineCall(.delete, "/containers/\(id)", ["force": "1", "v": "1"]), alsoFine: [404])
    }

    /// Unpacks a tar archive below a directory that exists.
    func unpack(_ archive: [UInt8], into directory: String, of id: String) async throws(EngineError) {
        var call = EngineCall(
            .put, "/containers/\(id)/archive", ["path": directory, "noOverwriteDirNonDir": "1"])
        call.body = .bytes(archive)
        call.contentType = "application/x-tar"
        call.timeout = .seconds(120)
        try await send(call)
    }

    /// One file's bytes; `nil` when there is none.
    func file(_ path: String, of id: String) async throws(EngineError) -> [UInt8]? {
        do throws(EngineError) {
            let answer = try await send(EngineCall(.get, "/containers/\(id)/archive", ["path": path]))
            return TarReader.firstFile(of: answer.body)
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// The last lines that the container wrote.
    func logs(_ id: String, lines: Int) async throws(EngineError) -> String {
        var call = EngineCall(
            .get, "/containers/\(id)/logs", ["stdout": "1", "stderr": "1", "tail": "\(lines)"])
        call.timeout = .seconds(20)
        var frames = OutputFrames()
        let parts = try frames.receive(try await send(call).body)
        return String(decoding: parts.flatMap(\.bytes), as: UTF8.self)
    }
}
