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

/// Makes the workspace, once: a clone, or an empty repository.
package actor WorkspacePreparer {
    /// The workspace as it was when the task started.
    struct Prepared: Codable, Sendable, Equatable {
        var source: String
        var base: String
        var branch: String?
    }

    enum Step: Sendable, Equatable {
        case progress(String)
        case done(Prepared)
        case failed(PrepareFailure)
    }

    private enum State {
        case idle
        case running(source: String, [AsyncStream<Step>.Continuation])
        case done(Prepared)
    }

    private let git: Git
    private let jobs: Jobs
    private var state = State.idle
    private let finishedMarker: String
    private let startedMarker: String

    init(git: Git, jobs: Jobs) {
        self.git = git
        self.jobs = jobs
        finishedMarker = git.stateDirectory + "/workspace.json"
        startedMarker = git.stateDirectory + "/workspace.started"
        if let bytes = readSmallFile(finishedMarker),
            let prepared = try? JSONDecoder().decode(Prepared.self, from: Data(bytes))
        {
            state = .done(prepared)
        }
    }

    var prepared: Prepared? {
        if case .done(let prepared) = state { prepared } else { nil }
    }

    /// Begins or joins the preparation; the last step is `done` or `failed`.
    func prepare(_ source: WorkspaceSource?) -> AsyncStream<Step> {
        // A slow client misses progress, never the end.
        let (steps, continuation) = AsyncStream.makeStream(of: Step.self, bufferingPolicy: .bufferingNewest(16))
        let key = source?.key ?? ""
        switch state {
        case .done(let prepared) where prepared.source == key: finish(continuation, .done(prepared))
        case .running(key, let clients): state = .running(source: key, clients + [continuation])
        case .done, .running:
            finish(continuation, .failed(.init(.invalid, "The workspace was already made from another source.")))
        case .idle:
            state = .running(source: key, [continuation])
            jobs.add { await self.work(source, key) }
        }
        return steps
    }

    private func finish(_ client: AsyncStream<Step>.Continuation, _ step: Step) {
        client.yield(step)
        client.finish()
    }

    private func work(_ source: WorkspaceSource?, _ key: String) async {
        let last: Step
        do {
            try clean(key)
            var prepared = try await Clone(git: git, source: source) { text in
                self.jobs.add { await self.tell(text) }
            }.run()
            prepared.source = key
            try replaceFile(finishedMarker, with: Array(try JSONEncoder().encode(prepared)))
            last = .done(prepared)
        } catch {
            last = .failed(PrepareFailure(error))
        }
        guard case .running(_, let clients) = state else { return }
        if case .done(let prepared) = last { state = .done(prepared) } else { state = .idle }
        for client in clients { finish(client, last) }
    }

    private func tell(_ text: String) {
        guard case .running(_, let clients) = state else { return }
        for client in clients { client.yield(.progress(text)) }
    }

    /// Empties the workspace of what an interrupted preparation left; anything else in it is refused.
    private func clean(_ key: String) throws {
        try makeDirectory(git.workspace, mode: 0o755)
        let names = directoryNames(git.workspace)
        if !names.isEmpty {
            guard fileExists(startedMarker) else {
                throw PrepareFailure(.invalid, "The workspace \(git.workspace) is not empty.")
            }
            for name in names { try FileManager.default.removeItem(atPath: git.workspace + "/" + name) }
        }
        try replaceFile(startedMarker, with: Array(key.utf8))
    }
}
