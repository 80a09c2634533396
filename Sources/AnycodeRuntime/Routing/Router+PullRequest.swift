import AnycodeCore
import AnycodeStore

/// Open PR and `/pr`, of sessions that are there and of those that have ended.
extension Router {
    func pullRequest(
        _ prefix: String?, _ title: String, _ message: TextMessage, _ stored: StoredInbound
    ) async throws {
        switch try await find(prefix, message, stored, orEnded: true) {
        case .one(let row): try await pullRequest(of: row, title, callback: nil, stored)
        case .none(let words): try await finish(stored, reply: words)
        }
    }

    /// Of an ended session, the changes are brought back into a new sandbox, and the question is asked there.
    func pullRequest(
        of session: SessionRow, _ title: String, callback: String?, _ stored: StoredInbound
    ) async throws {
        let row = session.isOver ? try await newest(goingOnFrom: session) : session
        guard row.isOver else {
            let event = SessionEvent.pullRequestWanted(title: title, by: stored.event.sender, callback: callback)
            return try await deliver(event, to: row.id, stored)
        }
        if let ended = try? JSONCoding.decode(StoredSession.self, from: row.snapshot) {
            let patch = SessionOrigin(ended, text: "").patch
            let problem = runtime.configuration.session.pullRequestProblem(ended.state.source?.source, patch)
            if let problem { return try await answer(problem, callback, stored) }
        }
        try await resume(row, "", callback: callback, pullRequest: title, stored)
    }
}
