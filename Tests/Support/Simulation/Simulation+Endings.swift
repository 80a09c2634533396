import AnycodeCore
import AnycodeRuntime
import AnycodeStore

/// What sessions came to: speech, answers, saves.
extension Simulation {
    /// Rules 2 and 3: every prompt reached the agent once, and everything it said is in the transcript once, in order.
    func checkSpeech(_ final: Final) {
        let lease = final.stored.header.lease
        guard let sandbox = host.anyEver(lease) else { return }
        let preamble = final.stored.header.origin?.preamble ?? ""
        func withoutPreamble(_ text: String) -> String {
            text.hasPrefix(preamble) ? String(text.dropFirst(preamble.count)) : text
        }
        let prompts = sandbox.read(\.prompts).map(withoutPreamble)
        let refused = Set(sandbox.read(\.refusedPrompts).map(withoutPreamble))
        world.check(Set(prompts).count == prompts.count, "a prompt reached the agent twice: \(prompts)")
        let recorded = final.entries.compactMap { entry in
            if case .prompted(_, _, let text) = entry, !refused.contains(text) { text } else { nil }
        }
        world.check(recorded.starts(with: prompts), "agent got \(prompts), transcript has \(recorded)")
        let speech = SimSecrets.masked(sandbox.read(\.speech).joined(), lease)
        let transcript = final.spoken
        if case .completed? = final.stored.state.phase.outcome {
            world.check(speech == transcript, "speech was lost:\n  \(transcript)\n  \(speech)")
        } else {
            // A session that ends early may leave the agent's last words unread, but never lose any in the middle. A
            // secret may be cut off there, of which a part that tells nothing is kept.
            let whole = SimSecrets.masked(transcript, lease)
            let words = sandbox.read(\.speech)
            world.check(
                speech.hasPrefix(whole) || Self.isBeginning(transcript, of: words, lease),
                "transcript differs from speech:\n  \(transcript)\n  \(speech)")
        }
    }

    /// Whether the transcript is what the first so many pieces come to, with the end of the last.
    private static func isBeginning(_ transcript: String, of words: [String], _ lease: LeaseID) -> Bool {
        words.indices.contains { count in
            SimSecrets.masked(words.prefix(count + 1).joined(), lease) == transcript
        }
    }

    /// Rules 5 and 8: each request of the agent got one answer, the one chosen by somebody who may, or a refusal.
    func checkInteractions(_ final: Final) {
        let settled = final.entries.compactMap { entry -> InteractionID? in
            if case .resolved(let id, _) = entry { id } else { nil }
        }
        world.check(Set(settled).count == settled.count, "an interaction was settled twice")
        let allowed = everybodyControls ? [people.ana.id, people.bob.id] : [final.row.starter.id]
        for row in final.interactions {
            world.check(row.state != "open", "interaction \(row.id.short) is open for ever")
            world.check(
                row.answeredBy.map { allowed.contains($0.id) } ?? true, "\(row.answeredBy?.name ?? "") may not answer")
            world.count("interactions: \(row.state)")
        }
        guard let sandbox = host.anyEver(final.stored.header.lease) else { return }
        for (marker, answers) in sandbox.read(\.answers).sorted(by: { $0.key < $1.key }) {
            checkAnswers(answers, marker, final)
        }
    }

    private func checkAnswers(_ answers: [String], _ marker: String, _ final: Final) {
        world.check(answers.count == 1, "request \(marker) was answered \(answers.count) times")
        let rows = final.interactions.filter { String(decoding: $0.body, as: UTF8.self).contains(marker) }
        world.check(rows.count <= 1, "request \(marker) was asked \(rows.count) times")
        guard let row = rows.first, row.answeredBy != nil else {
            return world.check(
                answers.allSatisfy { $0.contains("cancelled") }, "nobody chose, yet the agent got \(answers)")
        }
        let choice = String(decoding: row.answer ?? [], as: UTF8.self)
        let known = [
            "Allow once": "yes", "Always [secret]": "always", "Reject": "no", "A": "\"a\"", "B": "\"b\"",
            "C [secret]": "\"c\"", "Declined": "declined",
        ]
        world.check(
            answers.allSatisfy { $0.contains(known[choice] ?? choice) }, "chosen \(choice), the agent got \(answers)")
    }

    /// Rule 6: what the workspace held at the end of each turn, and when the sandbox went, is in the archive.
    func checkSaves(_ final: Final) {
        for case .turnEnded(let report) in final.entries {
            world.check(report.save != nil, "\(final.name) ended turn \(report.turn) without a word about its work")
            guard case .saved(let patch)? = report.save else { continue }
            world.count("saves: at the end of a turn")
            world.check(host.read(patch.path) != nil, "\(patch.path) was told and not saved")
        }
        guard let sandbox = host.anyEver(final.stored.header.lease) else { return }
        let version = sandbox.read(\.version)
        let isPrepared = final.entries.contains { if case .prepared = $0 { true } else { false } }
        guard version > 0, isPrepared else { return }
        if case .failed? = final.stored.state.phase.finalSave { return world.count("saves: failed and told") }
        if !final.stored.state.isRestored, let patch = final.stored.header.origin?.patch {
            return world.check(host.read(patch.path) != nil, "what was not brought back yet is gone")
        }
        let path = "\(final.name)/version \(version)"
        world.check(host.read(path) != nil, "version \(version) of \(final.name) was destroyed unsaved")
        world.count("saves: at the end of a session")
    }

    /// However often and by whom its buttons are pressed, a session is resumed once, and its changes come along.
    func checkResumptions(_ finals: [Final]) {
        let origins = finals.compactMap(\.stored.header.origin)
        let sessions = origins.map(\.session)
        world.check(Set(sessions).count == sessions.count, "a session was resumed twice")
        for final in finals {
            guard let origin = final.stored.header.origin else { continue }
            let starter = finals.first { $0.row.id == origin.session }?.row.starter.id
            let allowed = everybodyControls ? [people.ana.id, people.bob.id] : [starter].compactMap { $0 }
            world.check(
                allowed.contains(final.row.starter.id), "\(final.row.starter.name) resumed \(origin.session.short)")
            guard final.stored.state.isRestored, let patch = origin.patch,
                let sandbox = host.anyEver(final.stored.header.lease)
            else { continue }
            let restored = SimWorkspace.version(host.read(patch.path) ?? []) ?? -1
            world.check(sandbox.read(\.version) >= restored, "\(patch.path) was not brought back")
            world.count("sessions: restored")
        }
    }
}
