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
        `/repo [org/repo | URL | off]` shows or sets the repository of tasks that name none
        `/status` lists the sessions of this chat, and what waits
        `/diff [id]` shows what a session changed
        `/stop [id]` stops the turn and keeps the session
        `/cancel [id]` ends a session, its work is saved first; or drops a task that waits
        `/resume [id] [text]` goes on from a session that has ended
        `/pr [id] [title]` opens a pull request from what a session changed; you are asked first
        `/mode [name]`, `/model [name]` show or set the agent's mode and model
        `/agents` lists the agents
        `/admit ID`, `/members`, `/revoke ID` say who may use the bot; `/pair CODE` makes you its owner
        `/help` shows this

        Plain text goes to the session whose message you reply to, else to the newest; a button moves it to another. \
        Questions and permission requests have buttons; text never allows anything. Files that you send are put into the \
        workspace. `//x` hands a slash command to the agent.
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

    /// The most sessions that `/status` lists.
    private static let listed = 20

    func statusText(_ conversation: Conversation) async throws -> String {
        let chat = conversation.chat
        let (live, count, waiting) = try await runtime.store.read { transaction in
            (
                try transaction.newestLiveSessions(inChat: chat, limit: Self.listed),
                try transaction.countLiveSessions(inChat: chat), try transaction.waitingTasks(inChat: chat)
            )
        }
        let now = runtime.clock.date()
        var lines = live.isEmpty ? ["No session is open here."] : ["**Sessions**"]
        if count > live.count { lines.append("- the newest \(live.count) of \(count):") }
        lines += live.map { row in
            let session = runtime.sessions[row.id]
            let summary = session?.brief.summary ?? "starting again"
            let age = ReportView.duration(max(0, Int(now.timeIntervalSince(row.createdAt))))
            let colour =
                session?.brief.isTagged == true ? "\(session.map { SessionLabel.colour($0.header) } ?? "") " : ""
            return "- \(colour)`\(row.id.short)` **\(row.agent)** \(row.state), \(summary) · started \(age) ago"
        }
        let queued = waiting.filter { $0.state == .queued }
        if !queued.isEmpty { lines.append("**Waiting for a place**") }
        for (place, row) in queued.enumerated() {
            lines.append(
                "\(place + 1). `\(row.id.prefix(8))` **\(row.agent)** \(Self.quote(row.prompt)), by \(row.person.name)")
        }
        if let source = try await chatRepository(conversation) { lines.append("Repository: \(source.spelling)") }
        return lines.joined(separator: "\n")
    }
}
