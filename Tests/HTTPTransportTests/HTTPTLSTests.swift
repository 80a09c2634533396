import Testing

@testable import HTTPTransport

@Suite(.enabled(if: TLSServer.isAvailable, "needs the openssl program"))
struct HTTPTLSTests {
    /// The status, or the code of the error.
    private func get(_ url: String, _ tls: HTTPTLS) async throws -> (status: Int?, code: HTTPError.Code?) {
        let client = try HTTPClient(configuration: .init(tls: tls))
        var result: (Int?, HTTPError.Code?)
        do throws(HTTPError) {
            result = (
                try await client.send(HTTPRequest(.get, url, timeouts: HTTPTimeouts(total: .seconds(30)), proxy: .none))
                    .status, nil
            )
        } catch {
            result = (nil, error.code)
        }
        await client.shutdown()
        return result
    }

    @Test func trustsWhatItIsToldToTrust() async throws {
        let server = try TLSServer()
        defer { server.stop() }
        let named = "https://localhost:\(server.port)/"
        let numbered = "https://127.0.0.1:\(server.port)/"
        #expect(try await get(named, HTTPTLS()).code == .tls)
        #expect(try await get(named, HTTPTLS(trust: .authorities(file: server.certificateFile))).status == 200)
        #expect(try await get(numbered, HTTPTLS(trust: .authorities(file: server.certificateFile))).code == .tls)
        #expect(try await get(named, HTTPTLS(trust: .authorities(file: "/nonexistent.pem"))).code == .tls)
        #expect(try await get(numbered, HTTPTLS(trust: .publicKey(server.pin))).status == 200)
        let other = "sha256//" + String(repeating: "A", count: 43) + "="
        #expect(try await get(named, HTTPTLS(trust: .publicKey(other))).code == .tls)
        #expect(try await get(named, HTTPTLS(trust: .publicKey(""))).code == .tls)
    }

    @Test func showsItsCertificate() async throws {
        let server = try TLSServer(options: ["-Verify", "1", "-verify_return_error"])
        defer { server.stop() }
        let url = "https://localhost:\(server.port)/"
        var tls = HTTPTLS(trust: .publicKey(server.pin))
        let without = try await get(url, tls)
        #expect(without.status == nil)
        tls.clientCertificate = .init(certificateFile: server.certificateFile, keyFile: "/nonexistent.pem")
        #expect(try await get(url, tls).code == .tls)
    }

    @Test func refusesOldTLS() async throws {
        let server = try TLSServer(options: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        defer { server.stop() }
        let result = try await get("https://localhost:\(server.port)/", HTTPTLS(trust: .publicKey(server.pin)))
        #expect(result.code == .tls)
    }
}
