import AnycodeCore
import AnycodeStore
import Foundation
import TestSupport

@testable import AnycodeRuntime

/// The rules of the design, asserted on the world's final state.
extension Simulation {
    struct Final: Sendable {
        let row: SessionRow
        let stored: StoredSession
        let entries: [AnycodeRuntime.TranscriptEntry]
        let interactions: [InteractionRow]
    }

    func checkRules() throws {
        let finals = try loadFinals()
        let tasks = chatTasks
        let begun = finals.count { $0.stored.header.origin == nil }
        world.check(begun == tasks, "\(tasks) tasks were written, \(begun) sessions exist")
        checkResumptions(finals)
        for final in finals {
            checkEnd(final)
            checkSpeech(final)
            checkInteractions(final)
            checkSaves(final)
            checkChat(final)
        }
        checkWritten(finals)
        world.check(host.sandboxes.isEmpty, "orphans: \(host.sandboxes.map(\.lease.short))")
    }

    private var chatTasks: Int { options.tasks }

    private func loadFinals() throws -> [Final] {
        let store = store
        return try executor.complete {
            try await store.read { transaction in
                try transaction.recentSessions(limit: 100).map { row in
                    Final(
                        row: row,
                        stored: try JSONCoding.decode(StoredSession.self, from: row.snapshot),
                        entries: try transaction.transcript(row.id).map {
                            try JSONCoding.decode(AnycodeRuntime.TranscriptEntry.self, from: $0.bytes)
                        },
                        interactions: try transaction.interactions(session: row.id))
                }
            }
        }
    }

    /// However often and by whom its buttons are pressed, a session is resumed once, and its changes come along.
    private func checkResumptions(_ finals: [Final]) {
        let origins = finals.compactMap(\.stored.header.origin)
        let sessions = origins.map(\.session)
        world.check(Set(sessions).count == sessions.count, "a session was resumed twice")
        for final in finals {
            guard let origin = final.stored.header.origin else { continue }
            world.check(final.row.starter.id == ana.id, "a stranger resumed \(origin.session.short)")
            guard final.stored.state.isRestored, let patch = origin.patch,
                let sandbox = host.anyEver(final.stored.header.lease)
            else { continue }
            let words = host.read(patch.path).map { String(decoding: $0, as: UTF8.self) } ?? ""
            let restored = Int(words.dropFirst(8)) ?? -1
            world.check(sandbox.read(\.version) >= restored, "\(words) was not brought back")
        }
    }

    private func checkEnd(_ final: Final) {
        world.check(!final.row.isLive, "session \(final.row.id.short) never ended: \(final.row.state)")
    }

    /// Rules 2 and 3: every prompt reached the agent once, and everything it said is in the transcript once, in order.
    private func checkSpeech(_ final: Final) {
        guard let sandbox = host.anyEver(final.stored.header.lease) else { return }
        let preamble = final.stored.header.origin?.preamble ?? ""
        let prompts = sandbox.read(\.prompts).enumerated().map { number, text in
            number == 0 && text.hasPrefix(preamble) ? String(text.dropFirst(preamble.count)) : text
        }
        world.check(Set(prompts).count == prompts.count, "a prompt reached the agent twice: \(prompts)")
        let recorded = final.entries.compactMap { entry in
            if case .prompted(_, _, let text) = entry { text } else { nil }
        }
        world.check(recorded.starts(with: prompts), "agent got \(prompts), transcript has \(recorded)")
        let speech = sandbox.read(\.speech).joined()
        let transcript = final.entries.map { entry in
            if case .text(let text) = entry { text } else { "" }
        }.joined()
        // A session that ends early may leave the agent's last words unread, but never lose any in the middle.
        world.check(speech.hasPrefix(transcript), "transcript differs from speech:\n  \(transcript)\n  \(speech)")
        if case .completed? = final.stored.state.phase.outcome {
            world.check(speech == transcript, "speech was lost:\n  \(transcript)\n  \(speech)")
        }
    }

    /// Rule 5: each request of the agent got one answer, the one that a person chose or a refusal.
    private func checkInteractions(_ final: Final) {
        let settled = final.entries.compactMap { entry -> InteractionID? in
            if case .resolved(let id, _) = entry { id } else { nil }
        }
        world.check(Set(settled).count == settled.count, "an interaction was settled twice")
        for row in final.interactions {
            world.check(row.state != "open", "interaction \(row.id.short) is open for ever")
        }
        guard let sandbox = host.anyEver(final.stored.header.lease) else { return }
        for (marker, answers) in sandbox.read(\.answers).sorted(by: { $0.key < $1.key }) {
            world.check(answers.count == 1, "request \(marker) was answered \(answers.count) times")
            let rows = final.interactions.filter { String(decoding: $0.body, as: UTF8.self).contains(marker) }
            world.check(rows.count <= 1, "request \(marker) was asked \(rows.count) times")
            guard let row = rows.first, let person = row.answeredBy else {
                world.check(
                    answers.allSatisfy { $0.contains("cancelled") }, "nobody chose, yet the agent got \(answers)")
                continue
            }
            world.check(person.id == ana.id, "a stranger's answer counted")
            let choice = String(decoding: row.answer ?? [], as: UTF8.self)
            let known = ["Allow once": "yes", "Reject": "no", "A": "\"a\"", "B": "\"b\"", "Declined": "declined"]
            world.check(
                answers.allSatisfy { $0.contains(known[choice] ?? choice) },
                "chosen \(choice), the agent got \(answers)")
        }
    }

    /// Rule 2: whatever people wrote became a prompt or an answer, or they were told why not.
    func checkWritten(_ finals: [Final]) {
        var taken: [String: Int] = [:]
        var toldInChat = 0
        for final in finals {
            var waiting: [String] = []
            for entry in final.entries {
                switch entry {
                case .prompted(_, _, let text):
                    taken[text, default: 0] += 1
                    if let place = waiting.firstIndex(of: text) { waiting.remove(at: place) }
                case .queued(let text): waiting.append(text)
                case .answeredField(_, _, let values, _): for value in values { taken[value, default: 0] += 1 }
                case .resolved(_, let resolution) where taken[resolution.choice] == nil: taken[resolution.choice] = 1
                default: break
                }
            }
            for text in waiting { taken[text, default: 0] += 1 }
            world.check(
                waiting.isEmpty || final.stored.state.phase.outcome != .completed,
                "\(final.row.id.short) left \(waiting) undone")
        }
        for final in finals {
            guard let text = final.stored.header.firstPrompt, taken[text] == nil else { continue }
            taken[text] = 1  // it is told with the session's end, and the next resumption begins with it
        }
        let refusals = [
            "is over", "is ending", "is just ending", "is open; write", "goes on as", "sessions are at work",
            "No session is open", "wait already", "That is no repository",
        ]
        for text in chat.messages.map(\.content.markdown) + chat.dropped where refusals.contains(where: text.contains) {
            toldInChat += 1
        }
        let lost = written.filter { taken[$0] == nil }
        if !chat.hasDeletions {
            world.check(lost.count <= toldInChat, "nobody was told what became of \(lost)")
        }
        for (text, count) in taken where written.contains(text) && text.hasPrefix("follow up") {
            world.check(count == 1, "\(text) was taken \(count) times")
        }
    }

    /// Rule 6: what the workspace held when the sandbox went is in the archive.
    private func checkSaves(_ final: Final) {
        guard let sandbox = host.anyEver(final.stored.header.lease) else { return }
        let version = sandbox.read(\.version)
        guard version > 0, final.entries.contains(where: { if case .prepared = $0 { true } else { false } }) else {
            return
        }
        let save = final.stored.state.phase.finalSave
        if case .failed? = save { return }  // told as such
        let path = "\(final.row.id.short)/version \(version)"
        if !final.stored.state.isRestored, let patch = final.stored.header.origin?.patch {
            return world.check(host.read(patch.path) != nil, "what was not brought back yet is gone")
        }
        world.check(host.read(path) != nil, "version \(version) of \(final.row.id.short) was destroyed unsaved")
    }

    /// Rule 4: the chat shows exactly the view of the transcript, in order, once but for labelled repeats.
    private func checkChat(_ final: Final) {
        var transcript = Transcript(header: final.stored.header)
        for entry in final.entries { transcript.apply(entry) }
        var view = SessionView(limits: ChatLimits(textUnits: 400))
        let slots = view.render(&transcript)
        world.check(
            chat.messages.allSatisfy {
                !$0.nonce.hasPrefix(final.row.id.rawValue) || $0.chat == final.row.conversation.chat
            },
            "\(final.row.id.short) wrote into another chat")
        let mine = chat.messages.filter { $0.nonce.hasPrefix(final.row.id.rawValue) }
        var position = -1
        for slot in slots {
            let nonce = "\(final.row.id)/\(slot.key)"
            if chat.isDeleted(nonce) { continue }  // what people deleted is theirs
            let copies = mine.indices.filter { mine[$0].nonce == nonce || mine[$0].nonce.hasPrefix(nonce + "/") }
            guard let last = copies.last else {
                world.violated("slot \(slot.key) of \(final.row.id.short) is not in the chat")
                continue
            }
            let label = "*(possibly a repeat)*\n"
            let shown = mine[last].content.markdown
            world.check(
                shown == slot.message.markdown || shown == label + slot.message.markdown,
                "slot \(slot.key) shows:\n\(shown)\nwanted:\n\(slot.message.markdown)")
            if copies.count > 1 { checkRepeats(copies.map { mine[$0] }, slot) }
            world.check(last > position || chat.hasDeletions, "slot \(slot.key) is out of order")
            position = last
        }
    }

    /// All copies but the first were posted as possible repeats; later edits may have taken the label off.
    private func checkRepeats(_ copies: [SimChatServer.Message], _ slot: MessageSlot) {
        for copy in copies.dropFirst() where copy.edits == 0 {
            world.check(
                copy.content.markdown.hasPrefix("*(possibly a repeat)*"), "slot \(slot.key) was repeated unlabelled")
        }
    }
}

extension SessionState.Phase {
    var outcome: SessionReport.Outcome? {
        if case .done(let report) = self { report.outcome } else { nil }
    }

    var finalSave: SaveReport? {
        if case .done(let report) = self { report.save } else { nil }
    }
}
