/// Streamed text of one kind, of which a person has seen a part.
///
/// When a stream to the model breaks, the program begins the item again under another id and repeats its text; what was
/// shown already is left out.
struct CodexStream: Sendable {
    /// Text that has to be shown, as part of a message.
    struct Piece: Sendable, Hashable {
        var text: String
        var message: String
    }

    private var item: String?
    private var message = ""
    private var text = ""
    /// Shown before the stream broke, and not said again yet.
    private var repeated: String?
    /// The same, for an item that has not begun.
    private var abandoned: (message: String, text: String)?

    init() {}

    mutating func delta(_ delta: String, item: String) -> Piece? {
        if self.item != item { begin(item) }
        text += delta
        guard let repeated else { return delta.isEmpty ? nil : Piece(text: delta, message: message) }
        if repeated.utf8.starts(with: text.utf8) { return nil }
        self.repeated = nil
        if text.utf8.starts(with: repeated.utf8) {
            return Piece(
                text: String(decoding: text.utf8.dropFirst(repeated.utf8.count), as: UTF8.self), message: message)
        }
        // It says something else this time.
        message = item
        return Piece(text: text, message: message)
    }

    /// The item is complete; its whole text may hold what was not streamed.
    mutating func completed(_ whole: String?, item: String) -> Piece? {
        if self.item != item { begin(item) }
        defer { self.item = nil }
        guard let whole, whole.utf8.count > text.utf8.count, whole.utf8.starts(with: text.utf8) else { return nil }
        return delta(String(decoding: whole.utf8.dropFirst(text.utf8.count), as: UTF8.self), item: item)
    }

    /// The stream to the model broke: an item that is not complete will come again.
    mutating func broke() {
        guard item != nil else { return }
        let shown = repeated ?? text
        abandoned = shown.isEmpty ? nil : (message, shown)
        item = nil
    }

    mutating func turnEnded() {
        self = CodexStream()
    }

    private mutating func begin(_ item: String) {
        self.item = item
        text = ""
        message = abandoned?.message ?? item
        repeated = abandoned?.text
        abandoned = nil
    }
}
