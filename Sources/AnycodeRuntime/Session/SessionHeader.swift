package import AnycodeCore

/// What a session was started with; only the chat's id may change.
package struct SessionHeader: Hashable, Sendable, Codable {
    package let id: SessionID
    package var conversation: Conversation
    package let starter: Person
    package let agent: AgentName
    package let prompt: String
    package let lease: LeaseID
    package let provider: ProviderID
    /// What the person asked to work on; `nil` for an empty workspace.
    package let source: RequestedSource?
    /// The directory to bind for a local repository; see `SandboxSpec.localRepository`.
    package var localRepository: String? {
        source.flatMap { $0.isLocal ? $0.source.url : nil }
    }
    /// Random; tokens of the first message's buttons derive from it.
    package let token: String
    /// The ended session that this one goes on from.
    package let origin: SessionOrigin?
    /// What the agent is to do first; `nil` when the person is asked.
    package var firstPrompt: String? {
        guard let origin else { return prompt }
        return origin.text.isEmpty ? nil : origin.text
    }
    /// The number of its colour among those of its conversation; sessions of an older version have none.
    package let colour: Int?

    package init(
        id: SessionID, conversation: Conversation, starter: Person, agent: AgentName, prompt: String, lease: LeaseID,
        provider: ProviderID, source: RequestedSource?, token: String, origin: SessionOrigin? = nil,
        colour: Int? = nil
    ) {
        self.colour = colour
        self.id = id
        self.conversation = conversation
        self.starter = starter
        self.agent = agent
        self.prompt = prompt
        self.lease = lease
        self.provider = provider
        self.source = source
        self.token = token
        self.origin = origin
    }
}

extension SessionHeader {
    /// The task in a few words: the beginning of its first line, at most 60 characters.
    var title: String {
        let line = prompt.split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) } ?? "Task"
        return MarkdownSplitter.clip(line.split(whereSeparator: \.isWhitespace).joined(separator: " "), limit: 60)
    }
}

/// A repository as it was named.
package struct RequestedSource: Hashable, Sendable, Codable {
    package let source: WorkspaceSource
    /// `org/repo`, `https://github.com/org/repo`: the person's own words.
    package let spelling: String
    /// A directory of the daemon's machine, given by configuration and never by chat.
    package let isLocal: Bool

    package init(source: WorkspaceSource, spelling: String, isLocal: Bool = false) {
        self.source = source
        self.spelling = spelling
        self.isLocal = isLocal
    }
}
