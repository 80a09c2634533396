package import AnycodeCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The chat platform in the terminal that the daemon was started from: one conversation, one person.
///
/// On a terminal messages change in place above an open prompt; elsewhere they become a log, line by line.
/// A journal makes it as durable as a server: after `kill -9` open buttons are shown again, edits continue
/// where they stopped, and a repeated `send` shows nothing twice.
package actor ConsolePlatform: ChatPlatform {
    /// Whether the person's words are being read.
    enum InputState {
        case idle, reading
        /// The person has quit, but what they said before is not yet delivered.
        case quitting
        case closed
    }

    package nonisolated let id = PlatformID("console")
    package nonisolated let limits = ChatLimits(
        textUnits: 6000, labelUnits: 60, editsMessages: true, deduplicatesSends: true, messagesPerTurn: 60,
        rationsCalls: false)
    /// The only conversation there is.
    package static let conversation = Conversation(chat: ChatID(platform: PlatformID("console"), value: "main"))

    let configuration: Configuration
    let loop: ConsoleLoop
    let device: TerminalDevice?
    package nonisolated let person: Person
    var journal: ConsoleJournal
    var ledger: ConsoleLedger
    var display: ConsoleDisplay
    private var hasResumed = false

    var input = InputState.idle
    var editor = LineEditor()
    var keys = TerminalKeyDecoder()
    var inputLines = InputLines()
    var mayQuit = false
    var pending: [InboundEvent] = []
    var deliverySignal: AsyncStream<Void>.Continuation?
    private var pauseSignal: AsyncStream<Void>.Continuation?
    private var quitWaiters: [AsyncStream<Void>.Continuation] = []
    private var hasQuit = false
    /// Messages whose first option was chosen and not yet delivered.
    var answering: [String: Int] = [:]
    private var pieces = 0
    /// How many times a message was shown.
    private var changes = 0

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Opens the journal. Nothing is shown or read before `run`, `send` or `announce`.
    package init(configuration: Configuration) throws(ConsoleError) {
        let loop = try ConsoleLoop()
        var ledger = ConsoleLedger(identity: configuration.makeIdentity())
        do throws(ConsoleError) {
            journal = try ConsoleJournal.open(directory: configuration.journalDirectory, ledger: &ledger)
        } catch {
            loop.shutDown()
            throw error
        }
        self.configuration = configuration
        self.loop = loop
        self.ledger = ledger
        let uid = String(getuid())
        person = Person(id: PersonID(uid), name: Self.loginName ?? configuration.environment["USER"] ?? uid)
        if configuration.drawsOnTerminal {
            let device = TerminalDevice(
                input: configuration.input, output: configuration.output,
                signalPipe: configuration.handlesSignals ? loop.wakeWrite : nil)
            self.device = device
            display = .screen(ConsoleScreen(size: device.size), colour: configuration.usesColour)
        } else {
            device = nil
            display = .lines(ConsoleLines())
        }
    }

    deinit {
        loop.shutDown()
    }

    // MARK: ChatPlatform

    package func run(inbox: any ChatInbox, report: @escaping @Sendable (String) -> Void) async throws {
        openInput()
        defer { leaveInput() }
        resume()
        report(device == nil ? "line by line" : "on the terminal")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.deliver(to: inbox) }
            group.addTask { try await self.settleAfterPauses() }
            for try await _ in group {}
        }
        try Task.checkCancellation()
    }

    package func permit(for chat: ChatID, priority: SendPriority) async throws(ChatError) {
        if Task.isCancelled { throw ChatError(.cancelled, "The console is closing.") }
    }

    package func send(
        _ message: OutgoingMessage, to conversation: Conversation, nonce: String
    ) async throws(ChatError) -> MessageID {
        try check(conversation)
        if let known = ledger.number(of: nonce) { return ledger.id(known) }
        resume()
        let number = ledger.nextNumber
        let choices = ledger.choices(for: message, of: nil)
        try record(.sent(number: number, nonce: nonce, content: message, choices: choices), durably: true)
        show(ledger.id(number), previous: nil)
        return ledger.id(number)
    }

    package func edit(
        _ id: MessageID, in conversation: Conversation, to message: OutgoingMessage
    ) async throws(ChatError) {
        try check(conversation)
        guard let old = ledger.message(id) else {
            throw ChatError(.messageGone, "The console no longer knows this message.")
        }
        guard old.content != message else { return }
        resume()
        try record(ledger.edit(old, to: message), durably: false)
        show(id, previous: old)
    }

    /// The name that the system knows the person by.
    private static var loginName: String? {
        getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
    }

    package func acknowledge(_ callback: String, note: String) async throws(ChatError) {
        if !note.isEmpty { self.note(note) }
    }

    // MARK: For the composition root

    /// Prints an explanation of the daemon itself, in Markdown. It is no message and not remembered.
    package func announce(_ markdown: String) async {
        resume()
        write(display.show(ConsoleBlock(body: .announcement(markdown)), named: nextName(), prompt: prompt))
        rememberWhatWasSaid()
    }

    /// Returns when the person has quit (or the caller's task is cancelled).
    package func waitForQuit() async {
        if hasQuit { return }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        quitWaiters.append(continuation)
        for await _ in stream {}
    }

    // MARK: Showing

    private func check(_ conversation: Conversation) throws(ChatError) {
        guard conversation.chat == Self.conversation.chat else {
            throw ChatError(.chatGone, "The console has one chat, \(Self.conversation), not \(conversation).")
        }
    }

    private func record(_ record: ConsoleRecord, durably: Bool) throws(ChatError) {
        do throws(ConsoleError) {
            try journal.append([record], durably: durably, ledger: ledger)
        } catch {
            throw ChatError(.unreachable, error.description)
        }
        ledger.apply(record)
    }

    private func show(_ id: MessageID, previous: ConsoleMessage?) {
        guard let message = ledger.message(id) else { return }
        changes += 1
        let isWritten = write(display.show(message, previous: previous, prompt: prompt))
        if isWritten { rememberWhatWasSaid(of: message) }
        if case .lines(let lines) = display, lines.holdsBack { pauseSignal?.yield() }
        answerIfUnattended(message)
    }

    /// Notes what has been shown. Not synchronised to disk: it must survive the process, not the machine.
    private func rememberWhatWasSaid(of message: ConsoleMessage? = nil) {
        var said: [(number: Int, shown: ConsoleLedger.Shown)] = []
        if case .lines(var lines) = display {
            said = lines.takeTouched()
            let known = ledger.messages
            lines.keep { known[$0] != nil }
            display = .lines(lines)
        } else if let message {
            said = [(message.number, ConsoleLedger.Shown(lines: nil))]
        }
        let records = said.filter { ledger.shown[$0.number] != $0.shown }
            .map { ConsoleRecord.shown(number: $0.number, lines: $0.shown.lines, part: $0.shown.part) }
        // Without the note a restart shows the message once more, which is better than not at all.
        guard !records.isEmpty, (try? journal.append(records, durably: false, ledger: ledger)) != nil else { return }
        for record in records { ledger.apply(record) }
    }

    /// A dim line of the console's own.
    func note(_ text: String) {
        write(display.show(ConsoleBlock(body: .note(text)), named: nextName(), prompt: prompt))
        rememberWhatWasSaid()
    }

    func nextName() -> String {
        pieces += 1
        return "piece \(pieces)"
    }

    @discardableResult
    func write(_ text: String) -> Bool {
        text.isEmpty || DescriptorOutput.write(Array(text.utf8), to: configuration.output)
    }

    var prompt: ConsoleScreen.Prompt {
        guard input == .reading, let size = display.size else { return ConsoleScreen.Prompt(rows: [StyledLine()]) }
        return editor.prompt(size: size, help: help)
    }

    private var help: String {
        if mayQuit { return "  ctrl-c again quits" }
        let choose = ledger.openChoices.isEmpty ? "" : "number + return presses a button · "
        return "  \(choose)@3 text answers #3 · /help · ctrl-d quits"
    }

    // MARK: Coming back

    /// Shows, once, what an earlier process left open.
    private func resume() {
        guard !hasResumed else { return }
        hasResumed = true
        let open = ledger.ordered.filter { !$0.choices.isEmpty || isIncomplete($0) }.suffix(5)
        if case .lines(var lines) = display {
            for message in ledger.ordered {
                lines.recall(message, shown: ledger.shown[message.number] ?? ConsoleLedger.Shown())
            }
            display = .lines(lines)
        }
        guard !open.isEmpty else { return }
        note("resuming")
        for message in open {
            if case .screen = display {
                write(display.show(message, previous: nil, prompt: prompt))
            } else {
                write(display.print { $0.resume(message) })
            }
            rememberWhatWasSaid(of: message)
            answerIfUnattended(message)
        }
    }

    private func isIncomplete(_ message: ConsoleMessage) -> Bool {
        guard let shown = ledger.shown[message.number], let lines = shown.lines else { return false }
        return ConsoleLines.lineCount(of: message) > lines
    }

    // MARK: Pauses

    private func settleAfterPauses() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        pauseSignal = continuation
        defer { pauseSignal = nil }
        if case .lines(let lines) = display, lines.holdsBack { continuation.yield() }
        for await _ in stream {
            var seen: Int
            repeat {
                seen = changes
                try await configuration.clock.sleep(for: configuration.pause)
            } while changes != seen
            write(display.print { $0.settle() })
            rememberWhatWasSaid()
        }
    }

    // MARK: Quitting

    /// Tells those who wait that the person has quit.
    func announceQuit() {
        hasQuit = true
        for waiter in quitWaiters { waiter.finish() }
        quitWaiters = []
    }
}
