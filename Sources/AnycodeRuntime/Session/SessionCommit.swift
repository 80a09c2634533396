import AnycodeCore
import AnycodeStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Everything that one batch of events changes, written in one transaction: cursor, transcript, interactions, buttons,
/// answers to people, and the inbound events that are thereby handled.
struct SessionCommit: Sendable {
    /// What the session's row says of a state that changed.
    struct Row: Sendable {
        let word: String
        let isDone: Bool
        /// A `StoredSession`.
        let snapshot: [UInt8]

        init(_ state: SessionState, of header: SessionHeader) throws {
            word = state.phase.word
            isDone = if case .done = state.phase { true } else { false }
            snapshot = try JSONCoding.encode(StoredSession(header: header, state: state))
        }
    }

    let incarnation: Int64
    var entries: [TranscriptEntry] = []
    var replies: [OutgoingMessage] = []
    var edits: [SessionDecision.Edit] = []
    var buttons: [SessionDecision.Button] = []
    var moved: [InboundEvent] = []
    var saves: [SavedPatch] = []
    var trust: RememberedTrust?
    var handled: [Int64] = []
    /// `nil` when unchanged.
    var row: Row?
    var cursor: Int64?

    var isEmpty: Bool {
        entries.isEmpty && replies.isEmpty && edits.isEmpty && buttons.isEmpty && moved.isEmpty && saves.isEmpty
            && trust == nil && handled.isEmpty && row == nil && cursor == nil
    }

    mutating func add(_ decision: SessionDecision) {
        for entry in decision.entries { add(entry) }
        replies += decision.replies
        edits += decision.edits
        buttons += decision.buttons
        moved += decision.moved
        if let save = decision.newSave { saves.append(save) }
        trust = decision.trust ?? trust
    }

    /// Text that follows text becomes one entry.
    private mutating func add(_ entry: TranscriptEntry) {
        switch (entries.last, entry) {
        case (.text(let before)?, .text(let more)): entries[entries.count - 1] = .text(before + more)
        case (.thought(let before)?, .thought(let more)): entries[entries.count - 1] = .thought(before + more)
        default: entries.append(entry)
        }
    }

    func write(
        of header: SessionHeader, in transaction: StoreTransaction, makeNonce: () -> String, base: String?,
        at date: Date
    ) throws {
        try writeProgress(of: header.id, in: transaction, at: date)
        for entry in entries { try writeInteraction(entry, of: header, in: transaction, at: date) }
        for save in saves {
            _ = try transaction.insertSave(
                session: header.id, path: save.path, bytes: save.bytes, files: save.files, base: base ?? "",
                reason: row?.word ?? "working", at: date)
        }
        if let trust {
            let chat = Conversation(chat: header.conversation.chat)
            try transaction.setSetting(trust.key, trust.value, conversation: chat)
        }
        for reply in replies {
            _ = try transaction.insertNotice(
                conversation: header.conversation, message: try JSONCoding.encode(reply), nonce: makeNonce(), at: date)
        }
        for edit in edits {
            _ = try transaction.insertNotice(
                conversation: header.conversation, message: try JSONCoding.encode(edit.shown), nonce: makeNonce(),
                edits: edit.message, at: date)
        }
        try transaction.insertButtons(
            try buttons.map {
                ButtonRow(
                    token: $0.token, session: header.id, interaction: nil, action: try JSONCoding.encode($0.action),
                    createdAt: date)
            })
        for event in moved {
            _ = try transaction.insertInbound(
                event, platform: header.conversation.chat.platform, receivedAt: date)
        }
        for sequence in handled { try transaction.finishInbound(sequence) }
    }

    /// Cursor and transcript, and the state where it changed; most commits of a streaming session are no more than the
    /// former two.
    private func writeProgress(of id: SessionID, in transaction: StoreTransaction, at date: Date) throws {
        let lines = try entries.map { try $0.storedBytes() }
        if row == nil, let cursor {
            return try transaction.appendTranscript(
                id, incarnation: incarnation, entries: lines, cursor: cursor, at: date)
        }
        var update = SessionUpdate(cursor: cursor)
        if let row {
            update.state = row.word
            if row.isDone { update.finishedAt = date }
            update.snapshot = row.snapshot
        }
        try transaction.updateSession(id, incarnation: incarnation, update, at: date)
        try transaction.appendTranscript(id, incarnation: incarnation, entries: lines)
    }

    /// Whether it holds nothing but streamed output, which nobody and nothing waits for.
    var isPatient: Bool {
        replies.isEmpty && saves.isEmpty && handled.isEmpty && row == nil && !entries.contains(where: \.isUrgent)
    }

    private func writeInteraction(
        _ entry: TranscriptEntry, of header: SessionHeader, in transaction: StoreTransaction, at date: Date
    ) throws {
        func button(_ token: String, _ action: ButtonAction, at date: Date) throws -> ButtonRow {
            ButtonRow(
                token: token, session: header.id, interaction: nil, action: try JSONCoding.encode(action),
                createdAt: date)
        }

        switch entry {
        case .asked(let ask):
            let row = InteractionRow(
                id: ask.id, session: header.id, kind: ask.kindWord, requestKey: ask.requestKey,
                body: try JSONCoding.encode(ask), state: "open", createdAt: date, answeredAt: nil, answeredBy: nil,
                answer: nil)
            _ = try transaction.insertInteraction(row)
            try transaction.insertButtons(try ask.buttons(of: header, at: date))
        case .resolved(let id, let resolution):
            _ = try transaction.answerInteraction(
                id, state: resolution.by == nil ? "cancelled" : "answered", by: resolution.by,
                answer: Array(resolution.choice.utf8), at: date)
        case .timeOffered(let offer):
            try transaction.insertButtons([try button(ButtonToken.moreTime(offer), .moreTime(offer.id), at: date)])
        case .turnEnded(let report):
            try transaction.insertButtons([
                try button(ButtonToken.diff(report.token), .showDiff, at: date),
                try button(ButtonToken.goOn(report.token), .continueSession, at: date),
                try button(ButtonToken.finish(report.token), .finishSession, at: date),
                try button(ButtonToken.pullRequest(report.token), .askPullRequest, at: date),
            ])
        case .finished(let report):
            try transaction.insertButtons([
                try button(ButtonToken.diff(report.token), .showDiff, at: date),
                try button(ButtonToken.resume(report.token), .resumeSession, at: date),
                try button(ButtonToken.pullRequest(report.token), .askPullRequest, at: date),
            ])
        default: break
        }
    }
}

/// The form in which a session's row keeps it.
package struct StoredSession: Hashable, Sendable, Codable {
    package var header: SessionHeader
    package let state: SessionState

    package init(header: SessionHeader, state: SessionState) {
        self.header = header
        self.state = state
    }

    /// What can be said of a session whose data cannot be read: enough to tell its chat.
    init(unreadable row: SessionRow) {
        header = SessionHeader(
            id: row.id, conversation: row.conversation, starter: row.starter, agent: row.agent, prompt: row.prompt,
            lease: LeaseID(""), provider: ProviderID(""), source: nil, token: "")
        state = SessionState(header: header)
    }
}

extension Ask {
    /// Tells the agent's request and this ask of it: an agent started again counts its requests from the beginning.
    var requestKey: String { "\(request?.description ?? "")#\(id)" }

    var kindWord: String {
        switch kind {
        case .permission: "permission"
        case .question: "question"
        case .repository: "repository"
        case .settings: "settings"
        }
    }

    /// The rows behind all buttons this ask will ever show.
    func buttons(of header: SessionHeader, at date: Date) throws -> [ButtonRow] {
        try actions(origin: header.source?.source.url).map { token, action in
            ButtonRow(
                token: token, session: header.id, interaction: id, action: try JSONCoding.encode(action),
                createdAt: date)
        }
    }

    private func actions(origin: String?) -> [(String, ButtonAction)] {
        switch kind {
        case .permission(let request):
            request.offered(origin: origin).map { (ButtonToken.ask(self, $0.place), .answer(option: $0.place)) }
        case .repository, .settings:
            (0..<2).map { (ButtonToken.ask(self, $0), .answer(option: $0)) }
        case .question(let request) where request.fields.isEmpty:
            (0..<2).map { (ButtonToken.ask(self, $0), .answer(option: $0)) }
        case .question(let request):
            request.fields.enumerated().flatMap { number, field in
                FormProgress.buttons(field).indices.map {
                    (ButtonToken.ask(self, field: number, $0), .field(number, button: $0))
                }
            }
        }
    }
}
