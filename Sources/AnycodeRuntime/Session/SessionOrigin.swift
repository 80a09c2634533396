package import AnycodeCore

/// What a resumed session takes over from the one that ended.
package struct SessionOrigin: Hashable, Sendable, Codable {
    package let session: SessionID
    /// What was asked for at first.
    package let task: String
    /// What is to be done next, in the words of whoever resumed it; empty: they are asked.
    package let text: String
    /// The changes to bring back; `nil` when there were none.
    package let patch: SavedPatch?
    /// The agent's conversation, and where its state was saved; `nil` begins a new one.
    package let conversation: SavedConversation?
    /// Where the changes were pushed to.
    package let published: PublishedBranch?
    /// The title of the pull request that it was begun for; empty: Anycode chooses one.
    package let pullRequest: String?

    package init(
        session: SessionID, task: String, text: String, patch: SavedPatch?, conversation: SavedConversation? = nil,
        published: PublishedBranch? = nil, pullRequest: String? = nil
    ) {
        self.published = published
        self.pullRequest = pullRequest
        self.session = session
        self.task = task
        self.text = text
        self.patch = patch
        self.conversation = conversation
    }
}

/// The branch that changes were pushed to; sessions that go on from one push to the same.
package struct PublishedBranch: Hashable, Sendable, Codable {
    package let name: String
    package let commit: String
    /// The pull request that was opened for it.
    package var pull: OpenedPullRequest?

    package init(name: String, commit: String, pull: OpenedPullRequest? = nil) {
        self.name = name
        self.commit = commit
        self.pull = pull
    }
}

/// An agent's own state, saved outside the sandbox.
package struct SavedConversation: Hashable, Sendable, Codable {
    package let id: AgentSessionID
    /// A private archive on the daemon's disk.
    package let path: String

    package init(id: AgentSessionID, path: String) {
        self.id = id
        self.path = path
    }
}

extension SessionOrigin {
    /// What ended, as it is taken over by a session that is to do `text` next.
    ///
    /// A session that never came to restore what it took over itself passes that on.
    ///
    /// - Parameter pullRequest: the title of the pull request that is all there is to do.
    package init(_ ended: StoredSession, text: String, pullRequest: String? = nil) {
        let (header, state) = (ended.header, ended.state)
        let isUntouched = header.origin != nil && !state.isRestored
        let unread = state.turn == 0 && pullRequest == nil ? header.firstPrompt ?? "" : ""
        self.init(
            session: header.id, task: header.origin?.task ?? header.prompt, text: text.isEmpty ? unread : text,
            patch: isUntouched ? header.origin?.patch : state.lastSave,
            conversation: isUntouched ? header.origin?.conversation : state.savedConversation,
            published: state.published, pullRequest: pullRequest)
    }

    /// What an agent that knows nothing of it is told before its first prompt.
    package var preamble: String {
        let changes =
            patch == nil
            ? "Nothing had been changed in the working directory."
            : "The changes made so far are in the working directory, uncommitted."
        return """
            This goes on from an earlier session that has ended; its conversation is not here. The task was:

            \(task)

            \(changes) What is wanted now:


            """
    }
}

/// What a resumed session brought back.
package struct Restoration: Hashable, Sendable, Codable {
    package let session: SessionID
    package let patch: SavedPatch?
    /// Whether the agent remembers what was said.
    package let remembers: Bool
    /// Whether nothing waits to be done, so that people are asked.
    package let asks: Bool

    package init(session: SessionID, patch: SavedPatch?, remembers: Bool, asks: Bool) {
        self.session = session
        self.patch = patch
        self.remembers = remembers
        self.asks = asks
    }
}
