package import AnycodeCore

/// What can happen to a session.
package enum SessionEvent: Hashable, Sendable {
    /// A new incarnation begins: the first, or one that takes over.
    case started

    case prompted(by: Person, text: String, files: [SentFile] = [], route: PromptRoute = PromptRoute())
    /// A message that waits is wanted at once.
    case sendNowRequested(Int64, by: Person, click: ButtonClick)
    /// A message is for another session.
    case redirectRequested(Redirection, by: Person, click: ButtonClick)
    /// Somebody asks for the agent's modes or models, or chooses one: by its id (with a click) or in words.
    case choiceRequested(AgentChoice, String?, by: Person, click: ButtonClick?)
    /// There is another session in the conversation.
    case accompanied
    case pressed(InteractionID, ButtonAction, by: Person, callback: String)
    case cancelRequested(by: Person, callback: String?)
    case stopRequested(by: Person, callback: String? = nil)
    case diffRequested(by: Person, callback: String?)
    /// The button of an offer of more time.
    case moreTimeRequested(TimeOffer.ID, by: Person, callback: String)
    /// The person needs nothing more of an idle session.
    case finishRequested(by: Person, callback: String)
    /// Somebody wants a pull request from the changes; without a title Anycode chooses one.
    case pullRequestWanted(title: String, by: Person, callback: String?)
    /// The answer to the question whether it is to be opened: its title, or `nil` for no.
    case pullRequestDecided(String?, by: Person, click: ButtonClick)
    /// The daemon is going down and takes the sandboxes with it.
    case shutdownRequested
    /// An operator drains the daemon, which stays up.
    case drainRequested

    case acquired(RunnerHealth)
    case acquireFailed(SandboxError)
    /// What the provider does to make the sandbox.
    case acquireProgressed(String)
    /// The provider cannot make or reach the sandbox now, and tries again.
    case acquireDelayed(SandboxError)
    /// The repository says something to the agent; comes before `prepared`.
    case settingsFound(RepositorySettings, remembered: RepositoryTrust?)
    case prepared(PreparedWorkspace)
    case prepareFailed(AgentError)
    /// The ended session's changes are in the workspace, and saved as this one's.
    ///
    /// - Parameter conversation: the agent's, where its state was brought back too.
    case restored(SavedPatch?, conversation: AgentSessionID?)
    case restoreFailed(AgentError)
    /// The files of the next prompt are in the workspace, as far as they could be had.
    case received([ReceivedFile])
    case streamed([AgentEvent])
    case callAccepted(AgentCall)
    case callRefused(AgentCall, AgentError)
    case streamLost(String)
    case sandboxExited(SandboxExit)
    /// The log of the turn that is ending was written.
    case logged(String)
    /// The agent's own record of the conversation is safe; comes before `saved`.
    case conversationSaved(SavedConversation)
    case saved(SavedPatch?)
    case saveFailed(String)
    /// The save in progress waits for something that a person must mend; it goes on by itself then.
    case saveHindered(String)
    /// The changes are on the branch, as this commit.
    case changesPushed(String)
    case pullRequestOpened(OpenedPullRequest)
    case pullRequestFailed(AgentError)
    case destroyed
    case destroyFailed(String)
    /// Time has passed; some deadline may be due.
    case ticked
}

/// What the session's actor has to do once the decision is committed.
package enum SessionAction: Hashable, Sendable {
    /// Create, revive or adopt the sandbox, and give its runner the environment.
    case acquire
    /// Give the runner the environment again, now that it has changed; then `acquired` comes once more.
    case introduce
    indirect case prepare(RequestedSource?)
    /// Bring back what an ended session left.
    indirect case restore(SessionOrigin)
    /// Fetch files from the chat and put them into the workspace.
    case receive([IncomingFile])
    case openStream
    /// Hand the calls that wait in `SessionState.outbound` to the agent.
    case deliverCalls
    case save
    case destroy
    /// Answer a button click.
    case answerClick(String, note: String)
    /// Push the changes and open the pull request of `SessionState.pullRequest`.
    case openPullRequest
    /// Show a saved patch in the chat.
    indirect case showDiff(SavedPatch)
    /// Everything is done; leave once the chat has it all.
    case end
    /// There is something new in the inbox.
    case wakeRouter
}

/// How a message found its session.
package struct PromptRoute: Hashable, Sendable {
    /// Tells the message from all others: its place in the inbox.
    package var number: Int64?
    /// Where else it may go, by a button: filled where nothing but its age chose the session.
    package var others: [OtherSession]

    package init(number: Int64? = nil, others: [OtherSession] = []) {
        self.number = number
        self.others = others
    }
}

/// What one event leads to. Everything but the actions is committed first.
package struct SessionDecision: Hashable, Sendable {
    package var entries: [TranscriptEntry] = []
    package var actions: [SessionAction] = []
    /// Answers to people that are no part of the transcript.
    package var replies: [OutgoingMessage] = []
    /// Messages of the chat that show something else from now on.
    package var edits: [Edit] = []
    /// The rows behind buttons of replies.
    package var buttons: [Button] = []
    /// Messages for other sessions, put into the inbox.
    package var moved: [InboundEvent] = []
    package var newSave: SavedPatch?
    /// A decision about the repository's settings that the chat's next task need not ask for.
    package var trust: RememberedTrust?
    /// Messages of kinds this version does not know.
    package var unknown: [String] = []

    package struct Edit: Hashable, Sendable {
        package let message: MessageID
        package let shown: OutgoingMessage
    }

    package struct Button: Hashable, Sendable {
        package let token: String
        package let action: ButtonAction
    }

    package init() {}
}
