import Foundation
import HTTPTestSupport
import Testing

@testable import HTTPTransport

struct HTTPFailureTests {
    private func failure(
        _ change: (inout HTTPRequest) -> Void = { _ in }, script: @escaping ScriptedServer.Script
    ) async throws -> HTTPError? {
        var result: HTTPError?
        try await withServer(script: script) { server, client in
            var request = server.request(.post)
            change(&request)
            let final = request
            result = await httpError { () async throws(HTTPError) in try await client.send(final) }
        }
        return result
    }

    @Test func refusedConnectionIsRetryableAndNotSent() async throws {
        let server = try ScriptedServer { _ in }
        server.stop()
        let client = try HTTPClient()
        let request = HTTPRequest(.get, "http://127.0.0.1:1", proxy: .none)
        let error = await httpError { () async throws(HTTPError) in try await client.send(request) }
        #expect(error?.code == .connect)
        #expect(error?.isRetryable == true)
        #expect(error?.delivery == .notSent)
        await client.shutdown()
    }

    @Test func missingUnixSocketNamesItsFile() async throws {
        let client = try HTTPClient()
        let request = HTTPRequest(.get, "http://runner/", unixSocketPath: "/nonexistent/dir/runner.sock")
        let error = await httpError { () async throws(HTTPError) in try await client.send(request) }
        #expect(error?.code == .connect)
        #expect(error?.message.contains("socket runner.sock") == true)
        await client.shutdown()
    }

    @Test(arguments: ["", String(repeating: "x", count: 108)])
    func impossibleSocketPathIsInvalid(path: String) async throws {
        let client = try HTTPClient()
        let error = await httpError { () async throws(HTTPError) in
            try await client.send(HTTPRequest(.get, "http://runner/", unixSocketPath: path))
        }
        #expect(error?.code == .invalidRequest)
        await client.shutdown()
    }

    @Test func unknownHostIsAConnectError() async throws {
        let client = try HTTPClient()
        let request = HTTPRequest(
            .get, "http://host.invalid/", timeouts: HTTPTimeouts(connect: .seconds(60)), proxy: .none)
        let error = await httpError { () async throws(HTTPError) in try await client.send(request) }
        #expect(error?.code == .connect)
        #expect(error?.delivery == .notSent)
        await client.shutdown()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ])
    func truncatedBodyIsInterrupted(answer: String) async throws {
        let error = try await failure {
            _ = $0.readRequest()
            $0.write(answer)
        }
        #expect(error?.code == .interrupted)
        #expect(error?.delivery == .unknown)
        #expect(error?.isRetryable == true)
    }

    @Test func hangUpWithoutAnswerIsInterrupted() async throws {
        let error = try await failure { _ = $0.readRequest() }
        #expect(error?.code == .interrupted)
        #expect(error?.delivery == .unknown)
    }

    @Test func resetIsInterrupted() async throws {
        let error = try await failure {
            _ = $0.readRequest()
            $0.reset()
        }
        #expect(error?.code == .interrupted)
    }

    @Test func otherProtocolsAreAViolation() async throws {
        let error = try await failure {
            _ = $0.readRequest()
            $0.write("220 mail.example ESMTP\r\n")
        }
        #expect(error?.code == .protocolViolation)
    }

    @Test func silenceBeforeTheAnswerTimesOut() async throws {
        let error = try await failure {
            $0.timeouts.total = .milliseconds(20)
        } script: {
            _ = $0.readRequest()
            $0.waitForHangUp()
        }
        #expect(error?.code == .timeout)
        #expect(error?.delivery == .unknown)
    }

    @Test func idleTimeoutEndsASilentAnswer() async throws {
        let error = try await failure {
            $0.timeouts.idle = .milliseconds(20)
        } script: {
            _ = $0.readRequest()
            $0.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            $0.waitForHangUp()
        }
        #expect(error?.code == .timeout)
        #expect(error?.message == "\(error?.message.prefix { $0 != " " } ?? "") fell silent.")
    }

    @Test func longBodyIsTooLarge() async throws {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n",
        ] {
            let error = try await failure {
                $0.limits.bodyBytes = 10
            } script: {
                _ = $0.readRequest()
                $0.write(answer)
                $0.waitForHangUp()
            }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test func longHeadersAreTooLarge() async throws {
        let error = try await failure {
            $0.limits.headerBytes = 1000
        } script: { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n")
            while connection.write("X-A: \(String(repeating: "a", count: 90))\r\n") {}
        }
        #expect(error?.code == .tooLarge)
    }

    @Test func plainAnswerOnTLSPortIsATLSError() async throws {
        try await withServer { connection in
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.waitForHangUp()
        } _: { server, client in
            var request = server.request()
            request.url = "https://127.0.0.1:\(server.port)/"
            let final = request
            let error = await httpError { () async throws(HTTPError) in try await client.send(final) }
            #expect(error?.code == .tls)
            #expect(error?.delivery == .notSent)
        }
    }

    @Test func cancelledBeforeItStartsDoesNotConnect() async throws {
        try await withServer { _ in
        } _: { server, client in
            let request = server.request()
            let task = Task {
                await httpError { () async throws(HTTPError) in
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await client.send(request)
                }
            }
            #expect(await task.value?.code == .cancelled)
            #expect(server.connectionCount == 0)
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
    func cancellingHangsUp(after answer: String) async throws {
        let reached = Gate()
        let hungUp = Gate()
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write(answer)
            reached.open()
            connection.waitForHangUp()
            hungUp.open()
        } _: { server, client in
            let request = server.request()
            let task = Task { await httpError { () async throws(HTTPError) in try await client.send(request) } }
            await reached.wait()
            task.cancel()
            #expect(await task.value?.code == .cancelled)
            await hungUp.wait()
        }
    }

    @Test func cancellingWhileConnectingReturnsAtOnce() async throws {
        let client = try HTTPClient()
        // An address that swallows packets or is refused at once by the machine; either way the task must return.
        let request = HTTPRequest(
            .get, "http://192.0.2.1/", timeouts: HTTPTimeouts(connect: .seconds(600)), proxy: .none)
        let task = Task { await httpError { () async throws(HTTPError) in try await client.send(request) } }
        task.cancel()
        let code = await task.value?.code
        #expect(code == .cancelled || code == .connect)
        await client.shutdown()
    }

    @Test func shutdownEndsWhatRunsAndWhatComesLater() async throws {
        let reached = Gate()
        try await withServer { connection in
            _ = connection.readRequest()
            reached.open()
            connection.waitForHangUp()
        } _: { server, client in
            let request = server.request()
            let task = Task { await httpError { () async throws(HTTPError) in try await client.send(request) } }
            await reached.wait()
            await client.shutdown()
            #expect(await task.value?.code == .shutdown)
            let late = await httpError { () async throws(HTTPError) in try await client.send(request) }
            #expect(late?.code == .shutdown)
            await client.shutdown()
        }
    }
}
