import NIOCore
import NIOPosix
import Synchronization

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

/// Runs a program in its own place and writes what goes in (`>`) and comes out (`<`), a line each, into a file.
///
/// Put before an agent's command, it makes the transcripts that tests replay.
struct Recorder: Sendable {
    let command: RunnerCommand.Record
    let environment: [String: String]
    let directory: String

    /// Runs until the program has ended or `stops` yields; returns its exit code.
    func run(stops: AsyncStream<Void>) async throws -> Int32 {
        var catalog = AgentCatalog()
        catalog.define("recorded", .init(commands: [command.program], installHint: "It follows the option “--”."))
        let resolved = try catalog.resolve("recorded", path: environment["PATH"] ?? "", directory: directory)
        let redaction = Redaction(
            environment: environment,
            places: [(directory, "/workspace"), (environment["HOME"] ?? "", "/home/user")],
            textLimit: command.textLimit)
        let transcript = try Transcript(command.path, redaction)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // A mark of its own: that of a surrounding runner is on this process too.
        let marker = UUID().uuidString
        var variables = environment
        variables[AgentEnvironment.markerName] = marker
        let process = try AgentProcess(
            AgentLaunch(
                agent: "recorded", executable: resolved.executable, arguments: Array(command.program.dropFirst()),
                environment: variables, directory: directory, marker: "\(AgentEnvironment.markerName)=\(marker)"),
            limits: .init(), group: group, clock: ContinuousClock())
        let end = await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await forwardInput(to: process, transcript, group) }
            tasks.addTask {
                for await _ in stops { await process.end() }
            }
            let end = await process.run { lines in
                for case .line(let bytes) in lines {
                    transcript.add("<", bytes)
                    writeAll(bytes + [0x0A], to: 1)
                }
            }
            tasks.cancelAll()
            return end
        }
        if !end.message.isEmpty { writeAll(Array((end.message + "\n").utf8), to: 2) }
        try? await group.shutdownGracefully()
        return end.exit.code ?? 1
    }

    private func forwardInput(to process: AgentProcess, _ transcript: Transcript, _ group: any EventLoopGroup) async {
        var splitter = LineSplitter(limit: 64 << 20)
        guard let channel = try? await PipeChannel.reading(dup(0), on: group) else { return }
        try? await channel.executeThenClose { inbound in
            for try await buffer in inbound {
                buffer.withUnsafeReadableBytes { bytes in
                    splitter.append(bytes) { line in
                        guard case .line(let line) = line else { return }
                        transcript.add(">", line)
                        _ = process.send(line)
                    }
                }
            }
        }
        if !Task.isCancelled { await process.end() }
    }
}

/// The file being written.
private final class Transcript: Sendable {
    private let file: OpenFile
    private let redaction: Redaction
    private let length = Mutex(0)

    init(_ path: String, _ redaction: Redaction) throws(RunnerError) {
        file = try OpenFile.open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC)
        self.redaction = redaction
    }

    func add(_ direction: String, _ line: [UInt8]) {
        let line = Array("\(direction) ".utf8) + redaction.line(line) + [0x0A]
        length.withLock { length in
            // A full disk ends the transcript, not the conversation.
            guard (try? file.write(line, at: length)) != nil else { return }
            length += line.count
        }
    }
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
