import Foundation
import HTTPTestSupport
import Synchronization
import Testing

@testable import HTTPTransport

struct HTTPStreamTests {
    @Test(arguments: [false, true])
    func deliversWhatArrivesBeforeTheEnd(unix: Bool) async throws {
        let first = Gate()
        let second = Gate()
        try await withServer(unix: unix) { connection in
            _ = connection.readRequest()
            connection.startChunks()
            first.block()
            connection.chunk("one")
            second.block()
            connection.chunk("two")
            connection.chunk("")
        } _: { server, client in
            let stream = try await client.stream(server.request())
            #expect(stream.status == 200)
            #expect(stream.head.header("content-type") == "text/plain")
            first.open()
            #expect(try await stream.body.next()?.text == "one")
            second.open()
            #expect(try await stream.body.next()?.text == "two")
            #expect(try await stream.body.next() == nil)
            #expect(try await stream.body.next() == nil)
        }
    }

    @Test func joinsChunksHoweverTheyAreCut() async throws {
        let body = "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\n\r\n"
        try await withServer { connection in
            _ = connection.readRequest()
            for byte in "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(body)".utf8 { connection.write([byte]) }
            connection.waitForHangUp()
        } _: { server, client in
            let stream = try await client.stream(server.request())
            #expect(try await stream.collect(upTo: 100).text == "hello world")
        }
    }

    @Test func slowReaderStopsTheServer() async throws {
        let total = 16 * 1024 * 1024
        let sent = Mutex(0)
        let stuck = Gate()
        try await withServer(configuration: .init(streamBuffer: 16 * 1024)) { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let block = [UInt8](repeating: 7, count: 64 * 1024)
            while sent.withLock({ $0 }) < total {
                if connection.wouldBlock() { stuck.open() }
                guard connection.write(block) else { return }
                sent.withLock { $0 += block.count }
            }
            connection.waitForHangUp()
        } _: { server, client in
            let stream = try await client.stream(server.request())
            await stuck.wait()
            #expect(sent.withLock { $0 } < total)
            var received = 0
            var largest = 0
            for try await bytes in stream.body {
                received += bytes.count
                largest = max(largest, bytes.count)
            }
            #expect(received == total)
            #expect(largest <= 32 * 1024)
        }
    }

    @Test func pausedStreamIsNotSilent() async throws {
        let stuck = Gate()
        let probe = Gate()
        try await withServer(configuration: .init(streamBuffer: 1024)) { connection in
            guard let request = connection.readRequest() else { return }
            if request.path == "/probe" {
                connection.waitForHangUp()
                probe.open()
                return
            }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n")
            let block = [UInt8](repeating: 7, count: 1_000_000)
            for _ in 0..<8 {
                if connection.wouldBlock() { stuck.open() }
                guard connection.write(block) else { return }
            }
            connection.waitForHangUp()
        } _: { server, client in
            var request = server.request()
            request.timeouts.idle = .milliseconds(100)
            let stream = try await client.stream(request)
            await stuck.wait()
            // A silent request with the same limit, begun later, ends: the paused one has outlived its time by then.
            var silent = server.request(.get, "/probe")
            silent.timeouts.idle = .milliseconds(100)
            let final = silent
            let error = await httpError { () async throws(HTTPError) in try await client.send(final) }
            #expect(error?.code == .timeout)
            #expect(try await stream.collect(upTo: 8_000_000).count == 8_000_000)
        }
    }

    @Test func errorAnswersAreStreamsToo() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.answer("409 Conflict", "because")
        } _: { server, client in
            let stream = try await client.stream(server.request())
            #expect(stream.status == 409)
            #expect(try await stream.collect(upTo: 10).text == "because")
        }
    }

    @Test func collectStopsAtItsLimit() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.answer("200 OK", "0123456789")
        } _: { server, client in
            let stream = try await client.stream(server.request())
            let error = await httpError { () async throws(HTTPError) in try await stream.collect(upTo: 9) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test func brokenStreamGivesItsBytesThenTheError() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.startChunks()
            connection.chunk("one")
        } _: { server, client in
            let stream = try await client.stream(server.request())
            #expect(try await stream.body.next()?.text == "one")
            let error = await httpError { () async throws(HTTPError) in try await stream.body.next() }
            #expect(error?.code == .interrupted)
        }
    }

    @Test func silentStreamTimesOut() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.startChunks()
            connection.chunk("one")
            connection.waitForHangUp()
        } _: { server, client in
            var request = server.request()
            request.timeouts.idle = .milliseconds(30)
            let final = request
            // On a busy machine it may be late before the first byte already.
            let error = await httpError { () async throws(HTTPError) in
                let stream = try await client.stream(final)
                while try await stream.body.next() != nil {}
            }
            #expect(error?.code == .timeout)
        }
    }

    @Test func cancellingTheReaderHangsUp() async throws {
        let hungUp = Gate()
        let reading = Gate()
        try await withServer { connection in
            _ = connection.readRequest()
            connection.startChunks()
            connection.waitForHangUp()
            hungUp.open()
        } _: { server, client in
            let stream = try await client.stream(server.request())
            let task = Task {
                reading.open()
                return await httpError { () async throws(HTTPError) in try await stream.body.next() }
            }
            await reading.wait()
            task.cancel()
            #expect(await task.value?.code == .cancelled)
            await hungUp.wait()
        }
    }

    @Test func cancellingTheHeadHangsUp() async throws {
        let reached = Gate()
        let hungUp = Gate()
        try await withServer { connection in
            _ = connection.readRequest()
            reached.open()
            connection.waitForHangUp()
            hungUp.open()
        } _: { server, client in
            let request = server.request()
            let task = Task { await httpError { () async throws(HTTPError) in try await client.stream(request) } }
            await reached.wait()
            task.cancel()
            #expect(await task.value?.code == .cancelled)
            await hungUp.wait()
        }
    }

    @Test func lettingGoHangsUp() async throws {
        let hungUp = Gate()
        try await withServer { connection in
            _ = connection.readRequest()
            connection.startChunks()
            connection.waitForHangUp()
            hungUp.open()
        } _: { server, client in
            do {
                let stream = try await client.stream(server.request())
                #expect(stream.status == 200)
            }
            await hungUp.wait()
        }
    }

    @Test func cancelledStreamDropsWhatIsBuffered() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.answer("200 OK", "body")
        } _: { server, client in
            let stream = try await client.stream(server.request())
            stream.body.cancel()
            // The whole answer may have come before the cancellation; then it is simply over.
            let result = await httpError { () async throws(HTTPError) in try await stream.body.next() }
            #expect(result == nil || result?.code == .cancelled)
        }
    }

    @Test func shutdownEndsStreams() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.startChunks()
            connection.waitForHangUp()
        } _: { server, client in
            let stream = try await client.stream(server.request())
            await client.shutdown()
            let error = await httpError { () async throws(HTTPError) in try await stream.body.next() }
            #expect(error?.code == .shutdown)
        }
    }

    @Test func thousandStreamsRunSideBySide() async throws {
        let count = 1000
        raiseDescriptorLimit()
        let all = Gate()
        let arrived = Mutex(0)
        try await withServer(unix: true) { connection in
            guard let request = connection.readRequest() else { return }
            connection.startChunks()
            connection.chunk("first \(request.path)")
            if arrived.withLock({
                $0 += 1; return $0
            }) == count {
                all.open()
            }
            all.block()
            connection.chunk("second")
            connection.chunk("")
        } _: { server, client in
            let right = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<count {
                    let request = server.request(.get, "/\(index)")
                    group.addTask {
                        let stream = try await client.stream(request)
                        let text = try await stream.collect(upTo: 1000).text
                        return text == "first /\(index)second"
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(right == count)
        }
    }
}

private func raiseDescriptorLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 8192))
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
