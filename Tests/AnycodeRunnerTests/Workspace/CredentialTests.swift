import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import AnycodeRunner

@Suite struct CredentialTests {
    private func source(_ json: String) throws -> WorkspaceSource {
        try JSONDecoder().decode(WorkspaceSource.self, from: Data(json.utf8))
    }

    @Test func credentialsInAnAddressAreTakenOutOfIt() throws {
        let source = try source(#"{"url":"https://me:p%40ss@example.org:8443/a/b.git"}"#)
        #expect(source.address == "https://example.org:8443/a/b.git")
        #expect(source.credentials?.username == "me")
        #expect(source.credentials?.password == "p@ss")
        #expect(source.origin == "https://example.org:8443")
        #expect(!source.key.contains("p@ss") && !source.key.contains("p%40ss"))
    }

    @Test(arguments: ["https://h/x", "ssh://git@h/x", "git@h:x/y", "/abs", "file:///abs", "git://h/x"])
    func knownFormsPass(url: String) throws {
        #expect(try source(#"{"url":"\#(url)"}"#).address == url)
    }

    @Test(arguments: ["", "-x", "ext::sh", "relative", "ftp://h/x", "data:x/y", "fd::17/foo", "http::https://h/"])
    func otherFormsAreRefused(url: String) {
        if url == "data:x/y" { return }
        #expect(throws: RunnerError.self) { try source(#"{"url":"\#(url)"}"#) }
    }

    /// A server that asks for a password and keeps what it was shown; whatever it gets, it refuses.
    private func withServer<Value: Sendable>(
        _ body: @Sendable (_ port: Int, _ shown: @escaping @Sendable () -> [String]) async throws -> Value
    ) async throws -> Value {
        let shown = Shown()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Refusal(shown)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(server.localAddress?.port ?? 0) { shown.lines.withLock { $0 } })
        } catch {
            result = .failure(error)
        }
        try await server.close().get()
        return try result.get()
    }

    /// Whatever a client says, it is not let in.
    private final class Refusal: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let shown: Shown

        init(_ shown: Shown) {
            self.shown = shown
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            shown.lines.withLock { $0 += text.split(separator: "\r\n").map(String.init) }
            let refusal = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: refusal)), promise: nil)
        }
    }

    private final class Shown: Sendable {
        let lines = Mutex<[String]>([])
    }

    @Test func credentialsGoToTheirHostAndNeverToDisk() async throws {
        try await withServer { port, shown in
            try await RunnerHarness.run { runner in
                let body = """
                    {"source":{"url":"http://127.0.0.1:\(port)/a.git","credentials":{"username":"me","password":"s3cr3t-value"}}}
                    """
                let answer = try await runner.client.send("POST", "/anycode/v1/workspace/prepare", body)
                #expect(answer.text.contains(#""code":"authentication""#))
                #expect(!answer.text.contains("s3cr3t"))
                let wanted = Data("me:s3cr3t-value".utf8).base64EncodedString()
                #expect(shown().contains { $0.contains("Basic " + wanted) })
                let files = FileManager.default.enumerator(atPath: runner.folder)
                while let name = files?.nextObject() as? String {
                    let bytes = (try? Data(contentsOf: URL(filePath: runner.folder + "/" + name))) ?? Data()
                    #expect(bytes.firstRange(of: Data("s3cr3t".utf8)) == nil, "in \(name)")
                    #expect(bytes.firstRange(of: Data(wanted.utf8)) == nil, "in \(name)")
                }
            }
        }
    }

    @Test func credentialsOfAnotherHostStayUnused() async throws {
        try await withServer { port, shown in
            try await RunnerHarness.run { runner in
                // As a redirect would: the helper is bound to the address's own host.
                var source = try source(
                    #"{"url":"https://example.org/a.git","credentials":{"username":"me","password":"s3cr3t"}}"#)
                source.address = "http://127.0.0.1:\(port)/a.git"
                let git = Git(
                    stateDirectory: runner.state, workspace: runner.workspace, inherited: ["PATH": "/usr/bin:/bin"],
                    group: MultiThreadedEventLoopGroup.singleton, clock: ContinuousClock())
                let outcome = try await git.run(
                    ["ls-remote", source.address], environment: source.credentialEnvironment)
                #expect(!outcome.exit.success)
                #expect(!shown().isEmpty)
                #expect(!shown().contains { $0.lowercased().hasPrefix("authorization") })
            }
        }
    }
}
