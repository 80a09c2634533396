import HTTPTransport

/// `GET /images/{name}/json`, as far as it is used.
struct ImageDetails: Decodable, Sendable {
    let configuration: Configuration?

    struct Configuration: Decodable, Sendable {
        let user: String?
        let labels: [String: String]?

        enum CodingKeys: String, CodingKey {
            case user = "User"
            case labels = "Labels"
        }
    }

    enum CodingKeys: String, CodingKey { case configuration = "Config" }

    var user: String { configuration?.user ?? "" }

    func label(_ name: String) -> String? { configuration?.labels?[name] }
}

extension Engine {
    func image(_ name: String) async throws(EngineError) -> ImageDetails? {
        do throws(EngineError) {
            return try await get(ImageDetails.self, EngineCall(.get, "/images/\(name)/json"))
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// Pulls an image; the Engine joins pulls of the same one.
    func pull(_ image: String, progress: @Sendable (String) -> Void) async throws(EngineError) {
        let reference = ImageReference(image)
        var call = EngineCall(.post, "/images/create", ["fromImage": reference.name])
        if let tag = reference.tag { call.query.append(("tag", tag)) }
        call.timeout = nil
        progress("pulling image \(image)")
        var lines = JSONLines()
        var messages = PullProgress(image: image)
        let body = try await stream(call).body
        do throws(HTTPError) {
            while let bytes = try await body.next() {
                for line in lines.receive(bytes) {
                    if let words = messages.receive(line) { progress(words) }
                }
            }
            if let rest = lines.finish() { _ = messages.receive(rest) }
        } catch {
            throw .transport(error)
        }
        // A pull that fails under way has begun its answer with 200.
        if let failure = messages.error { throw .status(500, failure) }
    }
}
