import CRunnerSystem

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `anycode-runner` as a process: its signals, its secrets, its exit code.
package enum RunnerProgram {
    /// Runs the command line and exits. Has to be called on the main thread before another one was started.
    package static func main(arguments: [String]) -> Never {
        // The agent runs as the same user: it may not read the token from this process.
        _ = anycode_forbid_inspection()
        _ = anycode_adopt_orphans()
        setsid()
        let signals = ProcessSignals()
        // Its owner is the process: it ends with it. The main thread is needed for the signals, because Dispatch, which
        // would run it otherwise, unblocks them all.
        Task.detached { exit(await run(arguments: arguments, stops: signals.stops)) }
        signals.take()
    }

    private static func run(arguments: [String], stops: AsyncStream<Void>) async -> Int32 {
        do {
            switch try RunnerCommand(arguments: arguments) {
            case .help: print(RunnerCommand.usage)
            case .version: print("anycode-runner \(Runner.version)")
            case .serve(let command): try await serve(command, stops)
            case .record(let command):
                let recorder = Recorder(
                    command: command, environment: environment(), directory: FileManager.default.currentDirectoryPath)
                return try await recorder.run(stops: stops)
            }
            return 0
        } catch let error as RunnerError {
            complain(error.description)
            return error.code == .invalid ? 64 : 1
        } catch {
            complain("It cannot serve: \(error)")
            return 1
        }
    }

    private static func serve(_ command: RunnerCommand.Serve, _ stops: AsyncStream<Void>) async throws {
        var environment = Self.environment()
        let token = try token(command.token, environment)
        environment.removeValue(forKey: RunnerCommand.tokenVariable)
        unsetenv(RunnerCommand.tokenVariable)
        var configuration = RunnerConfiguration(
            listen: command.listen, stateDirectory: command.stateDirectory, workspace: command.workspace,
            home: command.home, token: token, environment: environment)
        configuration.ownDirectory = ownDirectory()
        umask(0o077)
        try await Runner(configuration).run(
            stop: stops,
            ready: { address in
                // Files of agents and of git get the usual rights; the socket exists by now.
                umask(0o022)
                complain("Serving on \(address.description).")
            },
            // NIO may trap on a connection that arrives while the server is taken down; the process need not wait for it.
            ended: { _exit(0) })
    }

    private static func token(_ source: RunnerCommand.TokenSource, _ environment: [String: String]) throws(RunnerError)
        -> AccessToken?
    {
        let text: String
        switch source {
        case .none: return nil
        case .environment: text = environment[RunnerCommand.tokenVariable] ?? ""
        case .standardInput: text = readLine() ?? ""
        }
        guard let token = AccessToken(text) else {
            throw RunnerError(
                .invalid, "There is no token.",
                hint: "Set \(RunnerCommand.tokenVariable), or use --token-stdin, or --no-token on a local address.")
        }
        return token
    }

    private static func environment() -> [String: String] {
        var all: [String: String] = [:]
        guard var next = Optional(environ) else { return all }
        while let entry = next.pointee {
            let pair = String(cString: entry)
            if let equals = pair.firstIndex(of: "=") {
                all[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
            }
            next += 1
        }
        return all
    }

    private static func ownDirectory() -> String? {
        #if os(Linux)
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
        #else
        return nil
        #endif
    }

    private static func complain(_ text: String) {
        let line = Array("anycode-runner: \(text)\n".utf8)
        // Whoever started it may be gone, and standard error with it.
        _ = write(2, line, line.count)
    }
}

extension ListenAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): "tcp:\(host):\(port)"
        }
    }
}
