import AnycodeCore
import AnycodeStore
import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the bot says of itself.
extension Router {
    static let helpText = """
        **Commands**
        `/task [agent] <prompt>` starts a task; name a repository (`org/repo` or a URL) in the prompt
        `/status` lists the sessions of this chat
        `/diff [id]` shows what a session changed
        `/stop [id]` stops the turn and keeps the session
        `/cancel [id]` ends a session; its work is saved first
        `/resume [id] [text]` goes on from a session that has ended
        `/agents` lists the agents
        `/help` shows this

        Plain text goes to the newest session, or to the one whose message you reply to. Questions and permission \
        requests have buttons. `//x` hands a slash command to the agent.
        """

    func greeting(_ person: Person) -> String {
        """
        Hello \(person.name). I run coding agents in sandboxes: write `/task fix the login bug in org/repo` and watch. \
        `/help` says more. Your id here is `\(person.id)`.
        """
    }

    var agentsText: String {
        let lines = runtime.configuration.agents.map { profile in
            profile.name == runtime.configuration.defaultAgent ? "- `\(profile.name)` (default)" : "- `\(profile.name)`"
        }
        return lines.isEmpty ? "No agents are configured." : (["**Agents**"] + lines).joined(separator: "\n")
    }

    func statusText(_ chat: ChatID) async throws -> String {
        let live = try await runtime.store.read { try $0.liveSessions() }.filter { $0.conversation.chat == chat }
        guard !live.isEmpty else { return "No session is open here." }
        let now = runtime.clock.date()
        let lines = live.map { row in
            let summary = runtime.sessions[row.id]?.brief.summary ?? "starting again"
            let age = ReportView.duration(max(0, Int(now.timeIntervalSince(row.createdAt))))
            return "- `\(row.id.short)` **\(row.agent)** \(row.state), \(summary) · started \(age) ago"
        }
        return (["**Sessions**"] + lines).joined(separator: "\n")
    }
}
