import NIOCore
import NIOHTTP1
import NIOPosix

/// A model server on 127.0.0.1, or another address of this machine, that answers by script: Anthropic Messages, OpenAI Responses and chat completions.
///
///     try await withScriptedModel { model in
///         // give the agent model.anthropicBaseURL or model.openAIBaseURL and any key
///         #expect(model.requests.first?.lastUserText == "make the file")
///     }
package final class ScriptedModel: Sendable {
    package struct Configuration: Sendable {
        package var scripts: [ModelScript]
        /// An address of this machine: containers reach another than loopback's.
        package var host: String
        /// 0: any free port.
        package var port: Int
        /// The only key that is let in; nil: any key, but one must be given.
        package var key: String?
        /// What the list of models says; other names are answered too.
        package var models: [String]
        /// A request that offers no tools gets a short title, as agents ask for one on the side; false runs scripts for it too.
        package var scriptsNeedTools: Bool
        /// Paces the words.
        package var clock: any Clock<Duration>
        /// When all answers were made, in seconds since 1970.
        package var created: Int

        package init(
            scripts: [ModelScript] = .standard, host: String = "127.0.0.1", port: Int = 0, key: String? = nil,
            models: [String] = ["mock-model", "claude-sonnet-4-5", "gpt-5"], scriptsNeedTools: Bool = true,
            clock: any Clock<Duration> = ContinuousClock(), created: Int = 1_767_225_600
        ) {
            self.scripts = scripts
            self.host = host
            self.port = port
            self.key = key
            self.models = models
            self.scriptsNeedTools = scriptsNeedTools
            self.clock = clock
            self.created = created
        }
    }

    private let channel: NIOAsyncChannel<ModelConnection.Channel, Never>
    private let engine: ModelEngine
    private let log = RequestLog()
    private let configuration: Configuration

    /// The port that requests go to.
    package let port: Int

    /// Listens; connections are served while `run()` runs.
    /// - Throws: when the port is taken.
    package init(_ configuration: Configuration = Configuration()) async throws {
        self.configuration = configuration
        engine = ModelEngine(configuration)
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: configuration.host, port: configuration.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    return try ModelConnection.Channel(wrappingChannelSynchronously: channel)
                }
            }
        port = channel.channel.localAddress?.port ?? configuration.port
    }

    /// For `ANTHROPIC_BASE_URL`.
    package var anthropicBaseURL: String { "http://\(configuration.host):\(port)" }

    /// For `OPENAI_BASE_URL`.
    package var openAIBaseURL: String { "http://\(configuration.host):\(port)/v1" }

    /// Every request so far, in order of arrival.
    package var requests: [ModelRequest] { log.all }

    /// The first request, past or coming, for which `condition` holds.
    /// - Throws: `CancellationError` when the task is cancelled before.
    package func waitForRequest(
        where condition: @escaping @Sendable (ModelRequest) -> Bool
    ) async throws -> ModelRequest {
        try await log.wait(for: condition)
    }

    /// Answers by these scripts from now on, and forgets which failures were already given.
    package func replaceScripts(_ scripts: [ModelScript]) {
        engine.replaceScripts(scripts)
    }

    /// Serves until the task is cancelled; then the port is closed.
    package func run() async throws {
        let routes = ModelRoutes(engine: engine, log: log, configuration: configuration)
        let connection = ModelConnection(routes: routes, clock: configuration.clock)
        try await channel.executeThenClose { inbound in
            try await withThrowingDiscardingTaskGroup { group in
                for try await client in inbound {
                    group.addTask {
                        // A broken connection is its client's affair; the log has its outcome.
                        try? await connection.serve(client)
                    }
                }
            }
        }
    }
}

/// Runs `body` beside a model server that ends with it.
package func withScriptedModel<Result: Sendable>(
    _ configuration: ScriptedModel.Configuration = .init(),
    _ body: (ScriptedModel) async throws -> Result
) async throws -> Result {
    let model = try await ScriptedModel(configuration)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await model.run() }
        defer { group.cancelAll() }
        return try await body(model)
    }
}
