package import AnycodeCore

/// Renders a transcript into message slots: a pure function of the transcript and the platform's limits, with the
/// slots of unchanged blocks kept from before.
package struct SessionView: Sendable {
    package let limits: ChatLimits
    private var slotsOfBlock: [[MessageSlot]] = []

    package init(limits: ChatLimits) {
        self.limits = limits
    }

    /// The slots in chat order. Takes the transcript's changes.
    package mutating func render(_ transcript: inout Transcript) -> [MessageSlot] {
        for index in transcript.takeChanges() { renderBlock(index, of: transcript) }
        return Array(slotsOfBlock.joined())
    }

    /// A stretch of output that takes more or fewer messages than before leaves the turn's later ones another room.
    private mutating func renderBlock(_ index: Int, of transcript: Transcript) {
        var slots = tagged(slots(ofBlock: index, of: transcript), index, transcript)
        for place in slots.indices { slots[place] = fit(slots[place]) }
        guard index < slotsOfBlock.count else { return slotsOfBlock.append(slots) }
        let before = slotsOfBlock[index].count
        slotsOfBlock[index] = slots
        guard slots.count != before, case .stream(let stream) = transcript.blocks[index] else { return }
        for later in (index + 1)..<max(index + 1, slotsOfBlock.count) {
            if case .stream(let next) = transcript.blocks[later], next.turn == stream.turn {
                let slots = streamSlots(next, block: later, of: transcript)
                slotsOfBlock[later] = tagged(slots, later, transcript).map(fit)
            }
        }
    }

    /// From the moment in which another session was there, messages tell whose they are; the first one always does.
    private func tag(ofBlock index: Int, of transcript: Transcript) -> SessionTag? {
        guard let first = transcript.firstTagged, index == 0 || index >= first else { return nil }
        return SessionTag(transcript.header)
    }

    private func tagged(_ slots: [MessageSlot], _ index: Int, _ transcript: Transcript) -> [MessageSlot] {
        guard let tag = tag(ofBlock: index, of: transcript) else { return slots }
        return slots.map { tag.mark($0, in: transcript.blocks[index]) }
    }

    /// Whatever a block came to, no message is longer than the platform allows.
    private func fit(_ slot: MessageSlot) -> MessageSlot {
        guard slot.message.markdown.utf16.count > limits.textUnits else { return slot }
        var message = slot.message
        message.markdown = MarkdownSplitter.shorten(message.markdown, limit: limits.textUnits)
        return MessageSlot(key: slot.key, message: message, priority: slot.priority)
    }

    private func slots(ofBlock index: Int, of transcript: Transcript) -> [MessageSlot] {
        switch transcript.blocks[index] {
        case .head:
            return [MessageSlot(key: "head", message: HeadView.message(transcript), priority: .notice)]
        case .stream(let stream):
            return streamSlots(stream, block: index, of: transcript)
        case .asked(let asked):
            return AskView.messages(asked, limits: limits, origin: transcript.origin).enumerated().map {
                number, message in
                MessageSlot(key: "b\(index).f\(number)", message: message, priority: .question)
            }
        case .reminder(let place):
            guard case .asked(let asked) = transcript.blocks[place] else { return [] }
            let message = AskView.reminder(
                asked, to: transcript.header.starter, limits: limits, origin: transcript.origin)
            return [MessageSlot(key: "b\(index).m", message: message, priority: .question)]
        case .offered(let offered):
            let message = OfferView.message(offered, isOpen: transcript.report == nil)
            return [MessageSlot(key: "b\(index).t", message: message, priority: .question)]
        case .restored(let restoration):
            let message = RestorationView.message(restoration)
            return [MessageSlot(key: "b\(index).c", message: message, priority: .question)]
        case .turn(let report):
            let stand: ReportView.Stand =
                transcript.lastReport != index ? .past : transcript.report == nil ? .newest : .last
            let message = ReportView.message(report, stand, header: transcript.header)
            return reportSlots(message, log: report.log, block: index, of: transcript)
        case .session(let report):
            let message = ReportView.message(report, header: transcript.header)
            return reportSlots(message, log: report.log, block: index, of: transcript)
        }
    }

    /// The report, and behind it the whole log of a turn of which something is left out above.
    private func reportSlots(
        _ message: OutgoingMessage, log: String?, block: Int, of transcript: Transcript
    ) -> [MessageSlot] {
        let report = MessageSlot(key: "b\(block).r", message: message, priority: .final)
        guard let log else { return [report] }
        let document = MessageSlot(
            key: "b\(block).l", message: TurnLog.message(log, header: transcript.header), priority: .notice)
        return [report, document]
    }

    /// Whether the chat does not show all of a turn's output.
    package func leavesOut(ofTurn turn: Int, in transcript: Transcript) -> Bool {
        let pieces = transcript.blocks.reduce(0) { count, block in
            guard case .stream(let stream) = block, stream.turn == turn else { return count }
            return count + MarkdownSplitter.split(StreamView.markdown(stream.items), limit: limits.textUnits).count
        }
        return pieces > limits.messagesPerTurn
    }

    private func streamSlots(_ stream: Transcript.Stream, block: Int, of transcript: Transcript) -> [MessageSlot] {
        let room = max(1, limits.messagesPerTurn - messagesBefore(block, turn: stream.turn, of: transcript))
        let limit = limits.textUnits - (tag(ofBlock: block, of: transcript)?.streamRoom ?? 0)
        let pieces = MarkdownSplitter.split(StreamView.markdown(stream.items), limit: limit)
        return fold(pieces, room: room, limit: limit).enumerated().map { number, piece in
            MessageSlot(key: "b\(block).p\(number)", message: OutgoingMessage(markdown: piece), priority: .stream)
        }
    }

    /// How many messages the turn's earlier stretches of output take.
    private func messagesBefore(_ block: Int, turn: Int, of transcript: Transcript) -> Int {
        var count = 0
        for index in (0..<block).reversed() {
            switch transcript.blocks[index] {
            case .stream(let stream) where stream.turn == turn: count += slotsOfBlock[index].count
            case .stream, .turn: return count
            case .head, .asked, .reminder, .offered, .restored, .session: break
            }
        }
        return count
    }

    /// Keeps a turn within `messagesPerTurn`: the last message it may have shows the newest piece, and says how much
    /// is left out before it.
    private func fold(_ pieces: [String], room: Int, limit: Int) -> [String] {
        guard pieces.count > room, let last = pieces.last else { return pieces }
        let hidden = pieces[(room - 1)..<(pieces.count - 1)].reduce(0) { $0 + $1.utf16.count }
        let note = "*… \(hidden) characters are left out here.*\n\n"
        let tail = MarkdownSplitter.split(last, limit: max(64, limit - note.utf16.count))
        return Array(pieces.prefix(room - 1)) + [note + (tail.last ?? "")]
    }
}

extension Transcript {
    /// The address that the task was cloned from.
    fileprivate var origin: String? { header.source?.source.url }
}
