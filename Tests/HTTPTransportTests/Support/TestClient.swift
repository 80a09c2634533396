import HTTPTestSupport

@testable import HTTPTransport

/// Runs a body with a server and a client and ends both.
func withServer(
    unix: Bool = false, configuration: HTTPClient.Configuration = .init(), script: @escaping ScriptedServer.Script,
    _ body: (ScriptedServer, HTTPClient) async throws -> Void
) async throws {
    let server = try ScriptedServer(unix: unix, script)
    let client = try HTTPClient(configuration: configuration)
    do {
        try await body(server, client)
    } catch {
        server.stop()
        await client.shutdown()
        throw error
    }
    server.stop()
    await client.shutdown()
}

extension ScriptedServer {
    func request(_ method: HTTPMethod = .get, _ path: String = "/") -> HTTPRequest {
        HTTPRequest(method, url + path, unixSocketPath: socketPath, proxy: .none)
    }
}

/// The error that a call ends with.
func httpError<Value>(_ body: () async throws(HTTPError) -> Value) async -> HTTPError? {
    do throws(HTTPError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}
