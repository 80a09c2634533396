import AnycodeCore
import AnycodeRuntime
import AnycodeStore
import TestSupport

/// What the rules of the design come to in a simulation.
///
/// | rule | asserted | where |
/// |---|---|---|
/// | 1 intent before effect | a sandbox is made, found again or destroyed only as its row says; each that exists has a row that says so, at every kill; a call reaches the agent only once it is committed | `SimProvider`, `SimClient`, standing |
/// | 2 inbox before acknowledgement | an update that is acknowledged is stored; every task becomes one session; every text becomes one prompt or answer, in order, or its writer is told why not; nothing waits for ever | `SimPlatform`, written, `run` |
/// | 3 cursor with effects | at every kill the transcript is what the agent said up to the stored cursor; at the end nothing is lost, doubled or out of order; a request is asked once | standing, speech |
/// | 4 the chat is a view | each chat shows exactly the slots of its transcripts, in order; a repeat says that it is one; what is known to be shown is not edited again | chat, `SimChatServer` |
/// | 5 interactions are rows | each request gets one answer, the one that was chosen by somebody who may; late, double, foreign clicks change nothing and are answered; tokens have at most 64 bytes | interactions, `SimChatServer` |
/// | 6 no work is lost | at the end of every turn, and before the sandbox goes, what the workspace holds is in the archive, or the chat is told why not | saves |
/// | 7 secrets stay | no secret, in whatever encoding and however cut into pieces, in a message, button, note, log line or row; a patch that holds one is not shown | `SimSecrets` in all of them |
/// | 8 only the allowed get in | words, commands and clicks of strangers have no effect; permissions, stop and cancel are the starter's, unless configured wider | written, interactions, endings |
/// | 9 bounded everywhere | a turn's messages, a session's queue, a message's length | chat, standing, `SimChatServer` |
/// | 10 the repository is not trusted | an agent obeys the repository's settings if and only if somebody who may has allowed just these in this chat; what the runner and the sandbox make of that is for their own tests | trust |
extension Simulation {
    struct Final: Sendable {
        let row: SessionRow
        let stored: StoredSession
        let entries: [AnycodeRuntime.TranscriptEntry]
        let bytes: [[UInt8]]
        let interactions: [InteractionRow]

        var name: String { row.id.short }
        var isSetAside: Bool { row.state == "quarantined" }
    }

    func checkRules() throws {
        let finals = try loadFinals()
        let begun = finals.count { $0.stored.header.origin == nil }
        // One that comes a day late, the calendar says, may be dropped by who wrote it.
        let dropped = chat.said.count { $0.hasPrefix("Dropped by \(people.ana.name): ") }
        world.check(
            begun + dropped == taskCount,
            "\(taskCount) tasks were written, \(begun) sessions were begun, \(dropped) tasks were dropped")
        checkResumptions(finals)
        for final in finals {
            world.count("sessions: \(final.row.state)")
            checkEnd(final)
            checkRows(final)
            checkChat(final)
            guard !final.isSetAside else { continue }
            checkSpeech(final)
            checkInteractions(final)
            checkSaves(final)
        }
        checkWritten(finals)
        checkOrder(finals)
        checkTrust(finals)
        let kept = Set(finals.filter(\.isSetAside).map(\.stored.header.lease))
        let orphans = host.sandboxes.map(\.lease).filter { !kept.contains($0) }
        world.check(orphans.isEmpty, "orphans: \(orphans.map(\.short))")
        if incarnations == 1, world.epoch == 0 {
            world.check(chat.unanswered.isEmpty, "the clicks \(chat.unanswered) got no answer")
        }
    }

    private func loadFinals() throws -> [Final] {
        let store = store
        return try executor.complete {
            try await SimDisk.$isWatching.withValue(true) {
                try await store.read { try Self.finals(try $0.recentSessions(limit: 100), $0) }
            }
        }
    }

    static func finals(_ rows: [SessionRow], _ transaction: StoreTransaction) throws -> [Final] {
        try rows.map { row in
            let bytes = try transaction.transcript(row.id).map(\.bytes)
            return Final(
                row: row, stored: try StoredValue.decode(StoredSession.self, from: row.snapshot),
                entries: try bytes.map { try StoredValue.decode(AnycodeRuntime.TranscriptEntry.self, from: $0) },
                bytes: bytes, interactions: try transaction.interactions(session: row.id))
        }
    }

    private func checkEnd(_ final: Final) {
        world.check(!final.row.isLive, "session \(final.name) never ended: \(final.row.state)")
        world.check(final.row.starter.id != people.eve.id, "a stranger started session \(final.name)")
        guard case .done(let report) = final.stored.state.phase, report.outcome == .cancelled else { return }
        let allowed = everybodyControls ? [people.ana, people.bob] : [final.row.starter]
        world.check(
            allowed.contains { report.reason.contains($0.name) }, "session \(final.name) was cancelled \(report.reason)"
        )
    }

    /// Rule 7: no secret in any row of the session.
    private func checkRows(_ final: Final) {
        for bytes in final.bytes + [final.row.snapshot] + final.interactions.flatMap({ [$0.body, $0.answer ?? []] })
        where SimSecrets.leaks(bytes) {
            world.violated("a secret reached a row of \(final.name): \(String(decoding: bytes, as: UTF8.self))")
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
