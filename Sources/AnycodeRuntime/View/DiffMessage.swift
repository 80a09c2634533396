import AnycodeCore

/// A saved patch as a message: the beginning in a code block, the whole as a document.
enum DiffMessage {
    static func make(_ patch: SavedPatch, session: SessionID, runtime: Runtime) async -> OutgoingMessage {
        let head = "**Changes of `\(session.short)`**: \(ReportView.changes(patch))"
        guard !patch.holdsSecret else {
            return OutgoingMessage(
                markdown: "\(head)\nA secret is in it, so it is not shown here. It is kept at `\(patch.path)`.")
        }
        guard let bytes = try? await runtime.archive.read(patch.path) else {
            return OutgoingMessage(markdown: "\(head)\nThe patch at `\(patch.path)` cannot be read any more.")
        }
        let text = String(decoding: bytes.prefix(shownBytes), as: UTF8.self)
        let piece = MarkdownSplitter.split(text, limit: 3000)[0]
        let more = piece.utf8.count < bytes.count ? "\n… the whole patch: `\(patch.path)`" : ""
        let body = piece.replacing("```", with: "ʼʼʼ")
        return OutgoingMessage(
            markdown: "\(head)\n```diff\n\(body)\n```\(more)",
            attachment: document(patch, session: session))
    }

    /// The whole patch as a document; `nil` where it may not be shown.
    static func document(_ patch: SavedPatch, session: SessionID) -> ChatAttachment? {
        guard !patch.holdsSecret else { return nil }
        return ChatAttachment(name: "\(session.short).patch", path: patch.path, mediaType: "text/x-diff")
    }

    private static let shownBytes = 16 << 10
}
