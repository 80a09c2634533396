import AnycodeCore
import AnycodeRuntime
import AnycodeStore

/// Rules 4 and 9 on what the chats show in the end.
extension Simulation {
    /// The chat shows exactly the view of the transcript, in order, once but for labelled repeats.
    func checkChat(_ final: Final) {
        var transcript = Transcript(header: final.stored.header)
        for entry in final.entries { transcript.apply(entry) }
        var view = SessionView(limits: limits)
        let slots = view.render(&transcript)
        let mine = chat.messages.filter { $0.nonce.hasPrefix(final.row.id.rawValue) }
        world.check(
            mine.allSatisfy { $0.chat == final.row.conversation.chat }, "\(final.name) wrote into another chat")
        if !final.isSetAside { checkSlots(slots, mine, final) }
        checkTurns(transcript, mine, final)
    }

    private func checkSlots(_ slots: [MessageSlot], _ mine: [SimChatServer.Message], _ final: Final) {
        var position = -1
        for slot in slots {
            let nonce = "\(final.row.id)/\(slot.key)"
            if chat.isDeleted(nonce) { continue }  // what people deleted is theirs
            let copies = mine.indices.filter { mine[$0].nonce == nonce || mine[$0].nonce.hasPrefix(nonce + "/") }
            guard let last = copies.last else {
                world.violated("slot \(slot.key) of \(final.name) is not in the chat")
                continue
            }
            let shown = mine[last].content.markdown
            world.check(
                shown == slot.message.markdown || shown == SimChatServer.repeatLabel + slot.message.markdown,
                "slot \(slot.key) shows:\n\(shown)\nwanted:\n\(slot.message.markdown)")
            world.check(last > position || chat.hasDeletions, "slot \(slot.key) is out of order")
            position = last
        }
    }

    /// Rule 9: a turn's output takes so many messages and no more; where a question stands between, one for each piece.
    private func checkTurns(_ transcript: Transcript, _ mine: [SimChatServer.Message], _ final: Final) {
        var messages: [Int: Int] = [:]
        var pieces: [Int: Int] = [:]
        for (number, block) in transcript.blocks.enumerated() {
            guard case .stream(let stream) = block else { continue }
            let prefix = "\(final.row.id)/b\(number).p"
            let shown = Set(mine.map(\.nonce).filter { $0.hasPrefix(prefix) }).count
            messages[stream.turn, default: 0] += shown
            pieces[stream.turn, default: 0] += 1
            world.check(shown <= limits.messagesPerTurn, "\(shown) messages for one stretch of output")
        }
        for (turn, count) in messages.sorted(by: { $0.key < $1.key }) {
            let bound = limits.messagesPerTurn + (pieces[turn] ?? 1) - 1
            world.check(count <= bound, "turn \(turn) of \(final.name) takes \(count) messages")
            if count >= limits.messagesPerTurn { world.count("chat: folded turns") }
        }
    }
}
