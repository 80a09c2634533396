import AnycodeCore

/// What the journal says: the messages, their numbers, what the person has seen. Changed by records alone.
struct ConsoleLedger: Hashable, Sendable {
    struct Shown: Hashable, Sendable {
        /// `nil`: everything.
        var lines: Int?
        var part = 0
    }

    private(set) var identity: String
    private(set) var nextNumber = 1
    private(set) var events = 0
    private(set) var messages: [Int: ConsoleMessage] = [:]
    private(set) var shown: [Int: Shown] = [:]
    private var nonces: [String: Int] = [:]
    private var forgotten: [(number: Int, nonce: String)] = []

    static let keptMessages = 300
    static let keptNonces = 4000

    init(identity: String) {
        self.identity = identity
    }

    static func == (lhs: Self, rhs: Self) -> Bool { lhs.records == rhs.records }
    func hash(into hasher: inout Hasher) { hasher.combine(records) }

    // MARK: Reading

    func id(_ number: Int) -> MessageID { MessageID("\(identity)-\(number)") }

    func number(of nonce: String) -> Int? { nonces[nonce] }

    func message(_ id: MessageID) -> ConsoleMessage? {
        let parts = id.rawValue.split(separator: "-")
        guard parts.count == 2, parts[0] == identity, let number = Int(parts[1]) else { return nil }
        return messages[number]
    }

    /// The messages, oldest first.
    var ordered: [ConsoleMessage] { messages.values.sorted { $0.number < $1.number } }

    /// The message and button behind an open choice.
    func choice(_ number: Int) -> (message: ConsoleMessage, button: ChatButton)? {
        for message in messages.values {
            if let found = message.buttons.first(where: { $0.choice == number }) { return (message, found.button) }
        }
        return nil
    }

    var openChoices: [Int] { messages.values.flatMap(\.choices).sorted() }

    /// The newest message that a number or a session's tag means.
    func message(called name: String) -> ConsoleMessage? {
        if let number = Int(name.hasPrefix("#") ? String(name.dropFirst()) : name), let found = messages[number] {
            return found
        }
        guard name.count >= 3 else { return nil }
        return ordered.last {
            $0.content.markdown.prefix { !$0.isNewline }.lowercased().contains(name.lowercased())
        }
    }

    /// Numbers for the buttons of new content: those that stay keep theirs, others get unused ones.
    func choices(for content: OutgoingMessage, of message: ConsoleMessage?) -> [Int] {
        var kept: [String: Int] = [:]
        for (choice, button) in message?.buttons ?? [] { kept[button.token] = choice }
        var next = (openChoices.last ?? 0) + 1
        return content.buttons.joined().map { button in
            if let choice = kept.removeValue(forKey: button.token) { return choice }
            defer { next += 1 }
            return next
        }
    }

    // MARK: Changing

    /// Takes over one record; those that make no sense change nothing.
    mutating func apply(_ record: ConsoleRecord) {
        switch record {
        case .began(let identity, let nextNumber, let events):
            self.identity = identity
            self.nextNumber = max(self.nextNumber, nextNumber)
            self.events = max(self.events, events)
        case .sent(let number, let nonce, let content, let choices):
            messages[number] = ConsoleMessage(
                id: id(number), number: number, nonce: nonce, content: content, choices: choices)
            shown[number] = Shown(lines: 0)
            nonces[nonce] = number
            nextNumber = max(nextNumber, number + 1)
            forgetOld()
        case .edited(let number, let keep, var content, let choices):
            guard let old = messages[number] else { return }
            let start = String(String.UnicodeScalarView(old.content.markdown.unicodeScalars.prefix(keep)))
            content.markdown = start + content.markdown
            messages[number]?.content = content
            if !Set(choices).isSubset(of: old.choices) { messages[number]?.isAnswered = false }
            messages[number]?.choices = choices
        case .shown(let number, let lines, let part):
            guard messages[number] != nil else { return }
            shown[number] = Shown(lines: lines, part: part)
        case .answered(let number): messages[number]?.isAnswered = true
        case .event(let count): events = max(events, count)
        case .known(let number, let nonce):
            nonces[nonce] = number
            forgotten.append((number, nonce))
        }
    }

    /// The record that turns a message's content into `content`.
    func edit(_ message: ConsoleMessage, to content: OutgoingMessage) -> ConsoleRecord {
        let old = message.content.markdown.unicodeScalars
        let new = content.markdown.unicodeScalars
        let keep = zip(old, new).prefix { $0 == $1 }.count
        var rest = content
        rest.markdown = String(String.UnicodeScalarView(new.dropFirst(keep)))
        return .edited(
            number: message.number, keep: keep, content: rest, choices: choices(for: content, of: message))
    }

    private mutating func forgetOld() {
        while messages.count > Self.keptMessages {
            let oldest = ordered
            guard let message = oldest.first(where: { $0.choices.isEmpty }) ?? oldest.first else { return }
            messages[message.number] = nil
            shown[message.number] = nil
            forgotten.append((message.number, message.nonce))
        }
        while forgotten.count > Self.keptNonces {
            nonces[forgotten.removeFirst().nonce] = nil
        }
    }

    /// The shortest journal that says the same.
    var records: [ConsoleRecord] {
        var result: [ConsoleRecord] = [.began(identity: identity, nextNumber: nextNumber, events: events)]
        result += forgotten.map { .known(number: $0.number, nonce: $0.nonce) }
        for message in ordered {
            result.append(
                .sent(
                    number: message.number, nonce: message.nonce, content: message.content, choices: message.choices))
            if let shown = shown[message.number], shown != Shown(lines: 0) {
                result.append(.shown(number: message.number, lines: shown.lines, part: shown.part))
            }
            if message.isAnswered { result.append(.answered(number: message.number)) }
        }
        return result
    }
}
