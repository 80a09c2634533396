import AnycodeCore

extension ConsolePlatform {
    /// How many events may wait for the inbox before reading stops.
    private static var mostPending: Int { 256 }

    // MARK: Opening and closing

    func openInput() {
        guard input == .idle else { return }
        input = .reading
        device?.enterRawMode()
        listen()
        redraw { $0.paint() }
    }

    private func listen() {
        loop.read(configuration.input) { [weak self] happening in
            self?.assumeIsolated { $0.handle(happening) }
        }
    }

    /// Gives the terminal back; a later `run` may take it again.
    func leaveInput() {
        if input == .reading {
            closeTerminal()
            input = .idle
        }
        write(display.print { $0.finish() })
    }

    private func closeTerminal() {
        loop.stopReading()
        guard let device else { return }
        input = .closed
        write(display.draw { $0.close() })
        device.restore()
    }

    private func quit() {
        guard input == .reading else { return }
        closeTerminal()
        input = .quitting
        finishQuitting()
    }

    /// Quits as soon as everything said before is delivered.
    private func finishQuitting() {
        guard input == .quitting, pending.isEmpty else { return }
        input = .closed
        announceQuit()
    }

    // MARK: Happenings

    func handle(_ happening: ConsoleLoop.Happening) {
        switch happening {
        case .input(let bytes): received(bytes)
        case .endOfInput: inputEnded()
        case .resized: resize()
        case .stopRequested: suspend()
        case .continued: comeBack()
        }
    }

    private func received(_ bytes: [UInt8]) {
        guard input == .reading else { return }
        guard device != nil else {
            for line in inputLines.add(bytes) { enter(line) }
            return
        }
        for key in keys.decode(bytes) {
            let couldQuit = mayQuit
            mayQuit = false
            switch editor.handle(key) {
            case .submit(let line): enter(line)
            case .quit: return quit()
            case .interruptOnEmptyLine:
                if couldQuit { return quit() }
                mayQuit = true
            case .suspend: suspend()
            case .redraw: resize()
            case nil: break
            }
        }
        redraw { $0.paint() }
    }

    private func inputEnded() {
        guard input == .reading else { return }
        if let line = inputLines.finish() { enter(line) }
        if device != nil || configuration.endsAtEndOfInput {
            quit()
        } else {
            loop.stopReading()
        }
    }

    private func redraw(_ change: (inout ConsoleScreen) -> [TerminalOperation]) {
        let prompt = prompt
        write(
            display.draw { screen in
                screen.setPrompt(prompt)
                return change(&screen)
            })
    }

    private func resize() {
        guard let device, input == .reading else { return }
        let size = device.size
        // The prompt is laid out for the new size, so the screen has to know it first.
        write(display.draw { $0.resize(to: size) })
        redraw { $0.paint() }
    }

    private func suspend() {
        guard let device, input == .reading else { return }
        input = .idle
        redraw { $0.paint() }
        input = .reading
        device.suspend()
    }

    private func comeBack() {
        guard let device, input == .reading else { return }
        device.enterRawMode()
        redraw { $0.restart() }
    }

    // MARK: Words and clicks

    private func enter(_ line: String) {
        guard line.contains(where: { !$0.isWhitespace }) else { return }
        switch ConsoleInput.interpret(line, ledger) {
        case .press(let message, let button, let choice):
            echo("[\(choice)] \(button.label)")
            deliver(press: button, of: message)
        case .say(let text, let replyTo):
            echo(line)
            let count = nextEvent()
            deliver(
                key: key(count),
                .text(TextMessage(id: MessageID("\(ledger.identity)-u\(count)"), text: text, replyTo: replyTo)))
        }
    }

    private func echo(_ line: String) {
        write(display.show(ConsoleBlock(body: .echo(line)), named: nextName(), prompt: prompt))
    }

    @discardableResult
    private func deliver(press button: ChatButton, of message: ConsoleMessage) -> String {
        let key = key(nextEvent())
        deliver(key: key, .click(ButtonClick(token: button.token, message: message.id, callback: key)))
        return key
    }

    private func key(_ count: Int) -> String { "console-\(ledger.identity)-\(count)" }

    /// A number that no event of this journal ever had or will have.
    private func nextEvent() -> Int {
        let record = ConsoleRecord.event(ledger.events + 1)
        do throws(ConsoleError) {
            try journal.append([record], durably: true, ledger: ledger)
        } catch {
            note("The console's journal cannot be written: \(error)")
        }
        ledger.apply(record)
        return ledger.events
    }

    private func deliver(key: String, _ content: InboundEvent.Content) {
        pending.append(
            InboundEvent(
                key: key, conversation: Self.conversation, isPrivate: true, sender: person,
                sentAt: configuration.now(), content: content))
        if pending.count >= Self.mostPending { loop.stopReading() }
        deliverySignal?.yield()
    }

    /// Hands events to the inbox; those it does not accept stay for the next run.
    func deliver(to inbox: any ChatInbox) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        deliverySignal = continuation
        defer { deliverySignal = nil }
        continuation.yield()
        for await _ in stream {
            while !pending.isEmpty {
                let batch = pending
                try await inbox.receive(batch)
                pending.removeFirst(batch.count)
                confirmAnswers(batch)
                if input == .reading { listen() }
            }
            finishQuitting()
        }
    }

    // MARK: Nobody there

    /// Chooses the first option of a question, if so configured.
    func answerIfUnattended(_ message: ConsoleMessage) {
        guard configuration.autoAnswer, message.content.rings, !message.isAnswered,
            !answering.values.contains(message.number),
            let (choice, button) = message.buttons.first(where: { ![.danger, .offer].contains($0.button.style) })
        else { return }
        let reason = device == nil ? "no terminal: the first option is chosen" : "the first option is chosen by itself"
        note("→ chose [\(choice)] \(button.label) (\(reason))")
        answering[deliver(press: button, of: message)] = message.number
    }

    private func confirmAnswers(_ batch: [InboundEvent]) {
        for event in batch {
            guard let number = answering.removeValue(forKey: event.key) else { continue }
            let record = ConsoleRecord.answered(number: number)
            // Unrecorded, the choice is made once more after a restart; its token works only once.
            if (try? journal.append([record], durably: false, ledger: ledger)) != nil { ledger.apply(record) }
        }
    }
}
