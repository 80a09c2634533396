import AnycodeCore
import AnycodeStore
import TestSupport
import Testing

@testable import AnycodeRuntime

/// Continue, Finish and Resume, as people use them.
struct GoingOnTests {
    private func bench(_ change: (inout RuntimeConfiguration) -> Void = { _ in }) throws -> RuntimeBench {
        let bench = try RuntimeBench(change)
        try bench.start()
        return bench
    }

    /// The newest button of that name.
    private func button(_ bench: RuntimeBench, _ label: String) -> ChatButton? {
        bench.chat.messages.reversed().lazy.flatMap { $0.content.buttons.joined() }.first { $0.label == label }
    }

    /// The workspace's version in a session's sandbox.
    private func version(_ bench: RuntimeBench, _ session: SessionRow) throws -> Int? {
        let id = session.id
        let lease = try bench.read { try $0.leases(session: id) }.first?.id
        return lease.flatMap { bench.host.anyEver($0) }?.read(\.version)
    }

    /// A session that edited and is over.
    private func ended(_ prompt: String = "/task {edit} in org/repo") throws -> RuntimeBench {
        let bench = try bench { $0.session.linger = .zero }
        bench.write(prompt)
        bench.wait(.seconds(60))
        #expect(try bench.sessions().map(\.isLive) == [false])
        return bench
    }

    // MARK: Resume

    @Test func resumeBringsTheChangesBackAndGoesOnWithTheWords() throws {
        let bench = try ended()
        let old = try bench.sessions()[0]
        bench.write("/resume \(old.id.short) {say} more")
        bench.wait(.seconds(60))
        let new = try #require(try bench.sessions().last)
        #expect(new.id != old.id)
        #expect(try version(bench, new) == 1)
        let prompt = try #require(try bench.prompts(new.id).first)
        #expect(prompt.contains("The task was:\n\n{edit} in org/repo"))
        #expect(prompt.hasSuffix("{say} more"))
        #expect(bench.texts().contains { $0.contains("Goes on from: `\(old.id.short)`") })
        #expect(bench.texts().contains { $0.contains("▶️ Goes on from `\(old.id.short)`: 1 file changed") })
        let stored = try JSONCoding.decode(StoredSession.self, from: new.snapshot)
        #expect(stored.header.source?.source.commit == "0123456789abcdef")
        #expect(stored.state.lastSave?.path.hasPrefix(new.id.short) == true, "it has a copy of its own")
    }

    /// Somebody chose a session for their next message; before they write it, it ends and is resumed.
    @Test(arguments: [false, true])
    func aChosenSessionThatWasResumedMeansItsContinuation(_ isOverAsWell: Bool) throws {
        let bench = try bench()
        bench.write("/task {edit}")
        bench.wait(.seconds(20))
        bench.click(try #require(button(bench, "Continue")))
        bench.write("/cancel")
        bench.wait(.seconds(20))
        bench.write("/resume go on")
        bench.wait(.seconds(20))
        let second = try #require(try bench.sessions().last)
        if isOverAsWell {
            bench.write("/cancel")
            bench.wait(.seconds(20))
        }
        bench.write("{say} more")
        bench.wait(.seconds(20))
        let last = try #require(try bench.sessions().last)
        let stored = try JSONCoding.decode(StoredSession.self, from: last.snapshot)
        #expect(try bench.sessions().count == (isOverAsWell ? 3 : 2))
        #expect(isOverAsWell ? stored.header.origin?.session == second.id : last.id == second.id)
        #expect(try bench.prompts(last.id).last?.hasSuffix("{say} more") == true)
    }

    /// The chat takes nothing for a while, so that the session's report is stored and cannot be shown yet.
    @Test(arguments: [false, true])
    func aSessionWhoseReportIsNotShownYetIsOverAllTheSame(_ isNamed: Bool) throws {
        let bench = try bench()
        bench.write("/task {edit}")
        bench.wait(.seconds(20))
        let old = try bench.sessions()[0].id.short
        bench.chat.flood(.seconds(600))
        bench.write("/cancel")
        bench.wait(.seconds(60))
        #expect(try bench.sessions().map(\.isLive) == [true])
        bench.write("and then")
        bench.write(isNamed ? "/resume \(old) {say} more" : "/resume {say} more")
        bench.wait(.seconds(900))
        let next = try #require(try bench.sessions().dropFirst().first)
        #expect(try bench.prompts(next.id).last?.hasSuffix("{say} more") == true)
        #expect(bench.texts().contains { $0.hasPrefix("Session `\(old)` is over.") })
    }

    @Test func withoutAnIDTheLastThatEndedIsMeant() throws {
        let bench = try ended()
        bench.write("/resume {say}")
        bench.wait(.seconds(60))
        #expect(try bench.sessions().count == 2)
    }

    @Test func withoutWordsItAsksAndTakesTheAnswer() throws {
        let bench = try ended()
        bench.configuration.session.linger = .seconds(900)
        try bench.restart()
        bench.click(try #require(button(bench, "Continue")))
        bench.wait(.seconds(20))
        #expect(bench.texts().last?.contains("What is to be done next?") == true)
        #expect(bench.chat.messages.last?.content.rings == true)
        bench.write("{say} what I want")
        bench.wait(.seconds(20))
        let new = try #require(try bench.sessions().last)
        #expect(try bench.prompts(new.id).last?.hasSuffix("{say} what I want") == true)
    }

    @Test func theButtonResumesOnceHoweverOftenItIsPressed() throws {
        let bench = try ended()
        let goOn = try #require(button(bench, "Continue"))
        bench.click(goOn)
        bench.click(goOn)
        bench.wait(.seconds(60))
        bench.click(goOn)
        let ids = try bench.sessions().map(\.id)
        #expect(ids.count == 2)
        #expect(bench.chat.notes.suffix(2).allSatisfy { $0 == "It went on as \(ids[1].short)." })
    }

    @Test func twoSessionsDoNotGoOnFromOneAtATime() throws {
        let bench = try ended()
        let old = try bench.sessions()[0].id.short
        bench.configuration.session.linger = .seconds(900)
        try bench.restart()
        bench.write("/resume \(old)")
        bench.wait(.seconds(20))
        bench.write("/resume \(old)")
        #expect(bench.texts().last?.contains("goes on as") == true)
        #expect(try bench.sessions().count == 2)
    }

    @Test func onlyTheStarterAndOwnersMayResume() throws {
        let bench = try ended()
        let old = try bench.sessions()[0].id.short
        bench.write("/resume \(old)", by: bench.eve)
        #expect(bench.texts().last == "Only Ana may resume this.")
        bench.click(try #require(button(bench, "Continue")), by: bench.eve)
        #expect(bench.chat.notes.last == "Only Ana may resume this.")
        #expect(try bench.sessions().count == 1)
        bench.configuration.session.owners = [Sample.eve.id]
        try bench.restart()
        bench.write("/resume \(old) {say}", by: bench.eve)
        bench.wait(.seconds(60))
        #expect(try bench.sessions().map(\.starter.name) == ["Ana", "Eve"])
    }

    @Test func aPatchThatDoesNotApplyIsToldAndKept() throws {
        let bench = try ended()
        let old = try bench.sessions()[0].id.short
        bench.host.write("\(old)/version 1", Array("nonsense".utf8))
        bench.write("/resume \(old) {say}")
        bench.wait(.seconds(60))
        let text = try #require(bench.texts().last)
        #expect(text.contains("could not be brought back: the patch does not apply"))
        #expect(text.contains("They are kept at `\(old)/version 1`."))
        #expect(bench.host.read("\(old)/version 1") == Array("nonsense".utf8))
    }

    @Test func anOpenSessionIsNotResumed() throws {
        let bench = try bench()
        bench.write("/resume")
        #expect(bench.texts().last == "No session has ended here.")
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        bench.write("/resume \(try bench.sessions()[0].id.short)")
        #expect(bench.texts().last?.contains("is open; write to it.") == true)
    }

    @Test func aSessionWhoseDataCannotBeReadNamesItsLastSave() throws {
        let bench = try ended()
        let id = try bench.sessions()[0].id
        let date = bench.world.date
        try bench.write { transaction in
            let incarnation = try transaction.session(id)?.incarnation ?? 0
            try transaction.updateSession(
                id, incarnation: incarnation, SessionUpdate(snapshot: Array("{}".utf8)), at: date)
        }
        bench.write("/resume \(id.short)")
        #expect(bench.texts().last?.contains("Its last save is at `\(id.short)/version 1`.") == true)
    }

    @Test func aParkedSessionIsResumedByItsButton() throws {
        let bench = try bench { $0.session.person = .seconds(3600) }
        bench.write("/task {edit,permission}")
        bench.wait(.seconds(15 * 60 + 30))
        #expect(bench.texts().last?.hasPrefix("🔔 Still waiting for Ana:\n🔐 May it?") == true)
        bench.wait(.seconds(3600))
        let old = try bench.sessions()[0]
        #expect(old.state == "parked")
        #expect(bench.texts().last?.contains("`/resume \(old.id.short)` goes on from here.") == true)
        bench.click(try #require(button(bench, "Resume")))
        bench.wait(.seconds(30))
        #expect(try version(bench, try #require(try bench.sessions().last)) == 1)
    }

    @Test func theReminderIsAnsweredByItsOwnButtons() throws {
        let bench = try bench { $0.session.person = .seconds(3600) }
        bench.write("/task {permission,say}")
        bench.wait(.seconds(20 * 60))
        let reminder = try #require(bench.chat.messages.last)
        bench.chat.click(
            try #require(reminder.content.buttons.joined().first).token, on: reminder.id, in: bench.room, by: bench.ana)
        bench.wait(.seconds(30))
        #expect(bench.texts().contains("🔔 This reminder is settled."))
        #expect(bench.texts().last?.hasPrefix("✅ Done") == true)
    }

    // MARK: Continue and Finish

    @Test func continueChoosesTheSessionOfTheNextMessageOnly() throws {
        let bench = try bench()
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        let goOn = try #require(button(bench, "Continue"))
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        let ids = try bench.sessions().map(\.id)
        bench.click(goOn)
        #expect(bench.texts().last == "✏️ Ana, what is next for `\(ids[0].short)`? Your next message goes there.")
        bench.write("by another {say}", by: bench.eve)
        bench.write("to the first {say}")
        bench.wait(.seconds(20))
        bench.write("to the newest {say}")
        bench.wait(.seconds(20))
        #expect(try bench.prompts(ids[0]) == ["{say}", "to the first {say}"])
        #expect(try bench.prompts(ids[1]) == ["{say}", "by another {say}", "to the newest {say}"])
    }

    @Test func whatContinueChoseIsRememberedOverARestart() throws {
        let bench = try bench()
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        let goOn = try #require(button(bench, "Continue"))
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        bench.click(goOn)
        bench.chat.write("to the first {say}", in: bench.room, by: bench.ana)
        try bench.restart()
        bench.wait(.seconds(30))
        #expect(try bench.prompts(bench.sessions()[0].id) == ["{say}", "to the first {say}"])
    }

    @Test func whatContinueChoseIsResumedIfItEndsMeanwhile() throws {
        let bench = try bench { $0.session.linger = .seconds(60) }
        bench.write("/task {edit}")
        bench.wait(.seconds(20))
        bench.click(try #require(button(bench, "Continue")))
        bench.wait(.seconds(120))
        bench.write("and more {say}")
        bench.wait(.seconds(30))
        let sessions = try bench.sessions()
        #expect(sessions.count == 2)
        #expect(try bench.prompts(sessions[1].id).last?.hasSuffix("and more {say}") == true)
    }

    @Test func finishEndsTheSessionAndItsButtonsAreStaleAfterwards() throws {
        let bench = try bench()
        bench.write("/task {edit}")
        bench.wait(.seconds(20))
        let finish = try #require(button(bench, "Finish"))
        bench.click(finish, by: bench.eve)
        #expect(bench.chat.notes.last == "Only Ana may finish this.")
        bench.click(finish)
        bench.wait(.seconds(30))
        #expect(try bench.sessions().map(\.state) == ["completed"])
        #expect(bench.texts().first?.contains("completed (finished by Ana), sandbox removed") == true)
        #expect(button(bench, "Finish") == nil)
        bench.click(finish)
        #expect(bench.chat.notes.last == "This session is over.")
    }

    @Test func halfAnHourMoreIsGivenByItsButton() throws {
        let bench = try bench {
            $0.session.agentTime = .seconds(100)
            $0.session.firstEvent = .seconds(100_000)
        }
        bench.write("/task {wait}")
        bench.wait(.seconds(90))
        bench.click(try #require(button(bench, "+30 min")))
        #expect(bench.texts().last?.hasSuffix("→ **+30 min** (Ana): 31 min 40 s in all") == true)
        bench.wait(.seconds(60))
        #expect(try bench.sessions().map(\.isLive) == [true])
    }
}
