import TestJSON

/// What matters of a request, whichever API it came through.
struct ModelPrompt: Sendable {
    var model: String
    var isStreamed: Bool
    var tools: [OfferedTool]
    /// The last text of the person, without what agents wrap around it.
    var lastUserText = ""
    /// Tool results that came after it.
    var toolResults = 0
    /// Images in the whole conversation.
    var images = 0
    /// Chat completions report usage in a stream only when asked to.
    var wantsStreamedUsage = true

    mutating func sawUserText(_ text: String) {
        guard let said = WrappedText.said(in: text) else { return }
        lastUserText = said
        toolResults = 0
    }

    mutating func sawToolResult() {
        toolResults += 1
    }
}

/// A tool the agent lets the model use.
struct OfferedTool: Sendable, Hashable {
    var name: String
    /// JSON Schema of the input; nil for a custom tool, whose input is plain text.
    var schema: JSON?
}
