import AnycodeCore

/// What shows the console: a screen or a log. A value; every change returns the bytes to write.
enum ConsoleDisplay: Sendable {
    case screen(ConsoleScreen, colour: Bool)
    case lines(ConsoleLines)

    /// Shows a message, new or changed. `previous`: what was seen of it.
    mutating func show(_ message: ConsoleMessage, previous: ConsoleMessage?, prompt: ConsoleScreen.Prompt) -> String {
        switch self {
        case .lines(var lines):
            defer { self = .lines(lines) }
            return lines.show(message)
        case .screen(var screen, let colour):
            defer { self = .screen(screen, colour: colour) }
            let key = ConsoleScreen.Key(name: "#\(message.number)")
            screen.put(
                key, ConsoleBlock(body: .message(message)),
                previous: previous.map { ConsoleBlock(body: .message($0)) })
            screen.setPrompt(prompt)
            let bell = previous == nil && message.content.rings ? TerminalOperation.bell.encoded(colour: colour) : ""
            return Self.encode(screen.paint(), colour) + bell
        }
    }

    /// Shows something that is no message and never changes.
    mutating func show(_ block: ConsoleBlock, named name: String, prompt: ConsoleScreen.Prompt) -> String {
        switch self {
        case .lines(var lines):
            defer { self = .lines(lines) }
            return Self.text(of: block).map { lines.note($0) } ?? ""
        case .screen(var screen, let colour):
            defer { self = .screen(screen, colour: colour) }
            screen.put(ConsoleScreen.Key(name: name), block)
            screen.setPrompt(prompt)
            return Self.encode(screen.paint(), colour)
        }
    }

    /// Input is not echoed in a log: it is not the log's.
    private static func text(of block: ConsoleBlock) -> String? {
        switch block.body {
        case .echo, .message: nil
        case .note(let text): TerminalText.line(text)
        case .announcement(let markdown):
            MarkdownStyler(width: nil, isPlain: true).lines(MarkdownDocument(parsing: markdown))
                .map(\.plain).joined(separator: "\n")
        }
    }

    /// Does something to the screen, if there is one.
    mutating func draw(_ change: (inout ConsoleScreen) -> [TerminalOperation]) -> String {
        guard case .screen(var screen, let colour) = self else { return "" }
        defer { self = .screen(screen, colour: colour) }
        return Self.encode(change(&screen), colour)
    }

    /// Does something to the log, if this is one.
    mutating func print(_ change: (inout ConsoleLines) -> String) -> String {
        guard case .lines(var lines) = self else { return "" }
        defer { self = .lines(lines) }
        return change(&lines)
    }

    /// The size for the prompt; `nil` without a screen.
    var size: ConsoleScreen.Size? {
        if case .screen(let screen, _) = self { return screen.size }
        return nil
    }

    private static func encode(_ operations: [TerminalOperation], _ colour: Bool) -> String {
        operations.map { $0.encoded(colour: colour) }.joined()
    }
}
