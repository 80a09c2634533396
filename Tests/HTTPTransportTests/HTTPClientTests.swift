import Foundation
import HTTPTestSupport
import Testing

@testable import HTTPTransport

struct HTTPClientTests {
    @Test(arguments: [false, true])
    func sendsMethodPathHeadersAndBody(unix: Bool) async throws {
        try await withServer(unix: unix) { connection in
            while let request = connection.readRequest() {
                let expect = request.headers["expect"] ?? "-"
                let type = request.headers["content-type"] ?? "-"
                connection.answer(
                    "201 Created", headers: "X-Echo:  a b \r\n",
                    "\(request.line)|\(request.headers["x-a"] ?? "-")|\(expect)|\(type)|\(request.text)")
            }
        } _: { server, client in
            var request = server.request(.put, "/p?q=1")
            request.headers = [HTTPHeader("X-A", "1")]
            request.body = .bytes(Array("hello".utf8))
            let response = try await client.send(request)
            #expect(response.status == 201)
            #expect(response.header("x-echo") == "a b")
            #expect(response.body.text == "PUT /p?q=1 HTTP/1.1|1|-|-|hello")
        }
    }

    @Test(arguments: [HTTPMethod.get, .post, .put, .patch, .delete, HTTPMethod(rawValue: "PURGE")])
    func sendsEachMethodWithoutBody(method: HTTPMethod) async throws {
        try await withServer { connection in
            while let request = connection.readRequest() {
                connection.answer("\(200) OK", "\(request.method) \(request.headers["content-length"] ?? "none")")
            }
        } _: { server, client in
            let response = try await client.send(server.request(method))
            let hasLength = [.post, .put, .patch].contains(method)
            #expect(response.body.text == "\(method) \(hasLength ? "0" : "none")")
        }
    }

    @Test func headHasNoBody() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        } _: { server, client in
            let response = try await client.send(server.request(.head))
            #expect(response.header("content-length") == "10")
            #expect(response.body.isEmpty)
        }
    }

    @Test func reusesTheConnectionUnlessToldNotTo() async throws {
        try await withServer { connection in
            while connection.readRequest() != nil { connection.answer("200 OK", "ok") }
        } _: { server, client in
            for _ in 0..<5 { _ = try await client.send(server.request()) }
            #expect(server.connectionCount == 1)
            var request = server.request()
            request.reusesConnection = false
            _ = try await client.send(request)
            #expect(server.connectionCount == 2)
        }
    }

    @Test func sendsMultipartFromMemoryAndFile() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("part-\(UUID().uuidString)")
        try Data("from file".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await withServer { connection in
            guard let request = connection.readRequest() else { return }
            connection.answer("200 OK", "\(request.headers["content-type"] ?? "")\n\(request.text)")
        } _: { server, client in
            var request = server.request(.post)
            request.body = .multipart([
                HTTPPart(name: "chat_id", text: "42"),
                HTTPPart(name: "empty", content: .bytes([])),
                HTTPPart(
                    name: "document", content: .file(path: file.path), fileName: "a.patch", contentType: "text/x-diff"),
            ])
            let text = try await client.send(request).body.text
            #expect(text.hasPrefix("multipart/form-data; boundary="))
            #expect(text.contains("name=\"chat_id\"\r\n\r\n42\r\n"))
            #expect(
                text.contains(
                    "name=\"document\"; filename=\"a.patch\"\r\nContent-Type: text/x-diff\r\n\r\nfrom file\r\n"))
        }
    }

    @Test func refusesAPartThatCannotBeRead() async throws {
        try await withServer { _ in
        } _: { server, client in
            var request = server.request(.post)
            request.body = .multipart([HTTPPart(name: "f", content: .file(path: "/nonexistent/file"))])
            let error = await httpError { () async throws(HTTPError) in try await client.send(request) }
            #expect(error?.code == .invalidRequest)
            #expect(error?.delivery == .notSent)
        }
    }

    @Test(arguments: [("a\r\nb: c", "v"), ("ok", "v\r\nX: y"), ("", "v"), ("sp ace", "v"), ("ok", "nul\0")])
    func refusesHeaderInjection(name: String, value: String) async throws {
        try await withServer { _ in
        } _: { server, client in
            var request = server.request()
            request.headers = [HTTPHeader(name, value)]
            let error = await httpError { () async throws(HTTPError) in try await client.send(request) }
            #expect(error?.code == .invalidRequest)
        }
    }

    @Test(arguments: ["ftp://h/", "file:///etc/passwd", "", "http://", "nonsense", "http://h:99999999/"])
    func refusesOtherURLs(url: String) async throws {
        let client = try HTTPClient()
        let error = await httpError { () async throws(HTTPError) in try await client.send(HTTPRequest(.get, url)) }
        #expect(error?.code == .invalidRequest)
        await client.shutdown()
    }

    @Test func keepsInterimAnswersAndTrailersOut() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n")
            connection.write("3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")
            connection.waitForHangUp()
        } _: { server, client in
            let response = try await client.send(server.request())
            #expect(response.status == 200)
            #expect(response.header("link") == nil)
            #expect(response.header("x-t") == nil)
            #expect(response.body.text == "abc")
        }
    }

    @Test func followsRedirectsOnlyWhenAsked() async throws {
        try await withServer { connection in
            while let request = connection.readRequest() {
                if request.path == "/end" {
                    connection.answer("200 OK", "there")
                } else {
                    connection.answer("302 Found", headers: "Location: /end\r\n", "elsewhere")
                }
            }
        } _: { server, client in
            let first = try await client.send(server.request())
            #expect(first.status == 302)
            var request = server.request()
            request.redirects = .follow(max: 1)
            let response = try await client.send(request)
            #expect(response.status == 200)
            #expect(response.body.text == "there")
            request.redirects = .follow(max: 0)
            let error = await httpError { () async throws(HTTPError) in try await client.send(request) }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test func workUnderACustomExecutor() async throws {
        try await withServer { connection in
            while connection.readRequest() != nil { connection.answer("200 OK", "ok") }
        } _: { server, client in
            let executor = ThreadExecutor()
            let request = server.request()
            let task = Task(executorPreference: executor) {
                let first = try await client.send(request).body.text
                return first + (executor.isCurrent ? " here" : " elsewhere")
            }
            let text = try await task.value
            #expect(text == "ok here")
            executor.stop()
        }
    }

    @Test func nothingSecretInTexts() async throws {
        let client = try HTTPClient()
        var request = HTTPRequest(
            .post, "http://user:pass@127.0.0.1:1/bot123:SECRET/send?token=SECRET",
            headers: [HTTPHeader("Authorization", "Bearer SECRET")], body: .bytes(Array("SECRET".utf8)))
        request.proxy = .none
        let error = await httpError { () async throws(HTTPError) in try await client.send(request) }
        #expect(error?.code == .connect)
        #expect(error?.message == "No connection to 127.0.0.1:1: Connection refused.")
        var dumped = ""
        dump(request, to: &dumped)
        dump(error, to: &dumped)
        dumped += "\(request) \(error?.description ?? "")" + String(reflecting: request) + String(reflecting: error)
        #expect(!dumped.contains("SECRET") && !dumped.contains("pass"))
        await client.shutdown()
    }
}
