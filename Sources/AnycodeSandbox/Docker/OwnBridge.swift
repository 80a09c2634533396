import HTTPTransport

/// The sandboxes' own bridge, without traffic between its containers; shared by all instances, and kept.
///
/// Older Engines make several networks of one name when asked at the same time, and then know none by it. So the oldest
/// one counts, is spoken of by its id, and whoever made another one removes it again. Until then a container may be refused
/// at its start: the Engine looks its networks up by name. See ``settle()``.
actor OwnBridge {
    private let engine: Engine
    private let name: String
    /// One at a time, in this process at least.
    private var last: Task<String, any Error>?

    init(engine: Engine, name: String) {
        self.engine = engine
        self.name = name
    }

    /// Its id; makes it when it is missing.
    func id() async throws(EngineError) -> String {
        let before = last
        let task = Task {
            _ = await before?.result
            return try await self.find()
        }
        last = task
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch let error as EngineError {
            throw error
        } catch {
            throw .malformed("\(type(of: error))")
        }
    }

    private func find() async throws(EngineError) -> String {
        if let oldest = try await oldest() { return oldest }
        var call = EngineCall(.post, "/networks/create")
        call.body = .bytes(try Engine.encode(Request(name: name)))
        let response = try await engine.send(call, alsoFine: [409])
        guard let oldest = try await oldest() else {
            throw .status(500, "the network \(name) was removed while it was made")
        }
        if response.status != 409 {
            let made = try Engine.decode(Created.self, response.body).id
            if made != oldest { try await engine.send(EngineCall(.delete, "/networks/\(made)"), alsoFine: [404]) }
        }
        return oldest
    }

    /// Removes all networks of the name but the oldest, left by whoever was ended between making and removing one.
    func settle() async throws(EngineError) {
        for entry in try await entries().dropFirst() {
            // 403: a container uses it.
            try await engine.send(EngineCall(.delete, "/networks/\(entry.id)"), alsoFine: [403, 404, 409])
        }
    }

    private func oldest() async throws(EngineError) -> String? {
        try await entries().first?.id
    }

    /// All of the name, the oldest first.
    private func entries() async throws(EngineError) -> [Entry] {
        let filters = String(decoding: try Engine.encode(["name": [name]]), as: UTF8.self)
        let entries = try await engine.get([Entry].self, EngineCall(.get, "/networks", ["filters": filters]))
        // The filter takes parts of names too.
        return entries.filter { $0.name == name }.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
    }

    private struct Request: Encodable {
        let name: String
        let checkDuplicate = true
        let driver = "bridge"
        let options = ["com.docker.network.bridge.enable_icc": "false"]
        let labels = ["anycode": "true"]

        enum CodingKeys: String, CodingKey {
            case name = "Name"
            case checkDuplicate = "CheckDuplicate"
            case driver = "Driver"
            case options = "Options"
            case labels = "Labels"
        }
    }

    private struct Created: Decodable {
        let id: String
        enum CodingKeys: String, CodingKey { case id = "Id" }
    }

    private struct Entry: Decodable {
        let id: String
        let name: String
        /// RFC 3339 in UTC, so that the text's order is that of time.
        let created: String

        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case name = "Name"
            case created = "Created"
        }
    }
}
