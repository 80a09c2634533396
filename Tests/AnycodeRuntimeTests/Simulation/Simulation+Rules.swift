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
        world.check(finals.count == tasks, "\(tasks) tasks were written, \(finals.count) sessions exist")
        for final in finals {
            checkEnd(final)
            checkSpeech(final)
            checkInteractions(final)
            checkSaves(final)
            checkChat(final)
        }
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

    private func checkEnd(_ final: Final) {
        world.check(!final.row.isLive, "session \(final.row.id.short) never ended: \(final.row.state)")
    }

    /// Rules 2 and 3: every prompt reached the agent once, and everything it said is in the transcript once, in order.
    private func checkSpeech(_ final: Final) {
        guard let sandbox = host.anyEver(final.stored.header.lease) else { return }
        let prompts = sandbox.read(\.prompts)
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
        guard let sandbox = host.anyEver(final.stored.header.lease) else { return }
        for (request, answers) in sandbox.read(\.answers) {
            world.check(answers.count == 1, "request \(request) was answered \(answers.count) times")
            guard let row = final.interactions.first(where: { $0.requestKey.hasPrefix("\(request)#") }) else {
                world.check(
                    answers.allSatisfy { $0.contains("cancelled") }, "request \(request) was answered and never asked")
                continue
            }
            world.check(row.state != "open", "interaction \(row.id.short) is open for ever")
            if row.answeredBy == nil {
                world.check(
                    answers.allSatisfy { $0.contains("cancelled") }, "nobody chose, yet the agent got \(answers)")
            } else {
                world.check(row.answeredBy?.id == ana.id, "a stranger's answer counted")
                let choice = String(decoding: row.answer ?? [], as: UTF8.self)
                let expected = ["Allow once": "yes", "Reject": "no", "A": "\"a\"", "B": "\"b\""][choice] ?? "cancelled"
                world.check(answers.allSatisfy { $0.contains(expected) }, "chosen \(choice), the agent got \(answers)")
            }
        }
    }

    /// Rule 6: what the workspace held when the sandbox went is in the archive.
    private func checkSaves(_ final: Final) {
        guard let sandbox = host.anyEver(final.stored.header.lease) else { return }
        let version = sandbox.read(\.version)
        guard version > 0, final.entries.contains(where: { if case .prepared = $0 { true } else { false } }) else { return }
        let save = final.stored.state.phase.finalSave
        if case .failed? = save { return }  // told as such
        let path = "\(final.row.id.short)/version \(version)"
        world.check(host.read(path) != nil, "version \(version) of \(final.row.id.short) was destroyed unsaved")
    }

    /// Rule 4: the chat shows exactly the view of the transcript, in order, once but for labelled repeats.
    private func checkChat(_ final: Final) {
        var transcript = Transcript(header: final.stored.header)
        for entry in final.entries { transcript.apply(entry) }
        var view = SessionView(limits: ChatLimits(textUnits: 400))
        let slots = view.render(&transcript)
        let mine = chat.messages.filter { $0.nonce.hasPrefix(final.row.id.rawValue) }
        var position = -1
        for slot in slots {
            let nonce = "\(final.row.id)/\(slot.key)"
            let copies = mine.indices.filter { mine[$0].nonce == nonce }
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
            world.check(last > position, "slot \(slot.key) is out of order")
            position = last
        }
    }

    /// All copies but the first were posted as possible repeats; later edits may have taken the label off.
    private func checkRepeats(_ copies: [SimChatServer.Message], _ slot: MessageSlot) {
        for copy in copies.dropFirst() where copy.edits == 0 {
            world.check(copy.content.markdown.hasPrefix("*(possibly a repeat)*"), "slot \(slot.key) was repeated unlabelled")
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
