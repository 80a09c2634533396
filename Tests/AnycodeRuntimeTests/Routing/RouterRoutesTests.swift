import AnycodeCore
import AnycodeStore
import Testing

@testable import AnycodeRuntime

struct RouterRoutesTests {
    private func bench(_ change: (inout RuntimeConfiguration) -> Void = { _ in }) throws -> RuntimeBench {
        let bench = try RuntimeBench(change)
        try bench.start()
        return bench
    }

    // MARK: Send now

    @Test func whatWaitsInMidTurnIsConfirmedAndMayBeSentNow() throws {
        let bench = try bench()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        bench.write("rather this {say}")
        let id = try bench.sessions()[0].id
        #expect(bench.texts().last == "⏳ Waits for its turn in `\(id.short)`.")
        let now = try #require(bench.button("Send now"))
        bench.click(now, by: bench.eve)
        #expect(bench.chat.notes == ["Only Ana may do that."])
        try bench.restart()
        bench.click(now)
        bench.wait(.seconds(30))
        #expect(try bench.prompts(id) == ["{permission}", "rather this {say}"])
        #expect(bench.texts().contains { $0.contains("Sent now to") })
        let answers = try bench.read { try $0.interactions(session: id) }
        #expect(answers.map(\.state) == ["cancelled"], "text never answers a permission")
        bench.click(now)
        #expect(bench.chat.notes.last == "It does not wait any more.")
    }

    @Test func whatIsSentNowOvertakesWhatWaits() throws {
        let bench = try bench()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        bench.write("second {say}")
        bench.write("first {say}")
        bench.click(try #require(bench.button("Send now")))
        bench.wait(.seconds(60))
        #expect(try bench.prompts(bench.sessions()[0].id) == ["{permission}", "first {say}", "second {say}"])
    }

    // MARK: Redirect

    @Test func textForTheNewestSessionMayBeMovedToAnother() throws {
        let bench = try bench()
        bench.write("/task one {say}")
        bench.write("/task two {permission}")
        bench.wait(.seconds(20))
        let ids = try bench.sessions().map(\.id)
        bench.write("for the first {say}")
        let move = try #require(bench.button("→"))
        #expect(move.label.contains(ids[0].short.prefix(4)))
        bench.click(move, by: bench.eve)
        #expect(bench.chat.notes == ["Only Ana may move it."])
        bench.click(move)
        bench.click(move)
        bench.wait(.seconds(30))
        #expect(bench.chat.notes.last == "It has been dealt with already.")
        #expect(try bench.prompts(ids[0]) == ["one {say}", "for the first {say}"])
        #expect(try bench.prompts(ids[1]) == ["two {permission}"])
        #expect(bench.texts().contains { $0.hasPrefix("→ Moved to ") })
        #expect(try bench.read { try $0.pendingInbound(limit: 10) }.isEmpty)
    }

    @Test func aTurnThatHasBegunIsStoppedWhenItsMessageIsMoved() throws {
        let bench = try bench()
        bench.write("/task one {say}")
        bench.write("/task two {say}")
        bench.wait(.seconds(20))
        let ids = try bench.sessions().map(\.id)
        bench.write("wrong place {permission}")
        bench.wait(.seconds(5))
        #expect(bench.button("Allow once") != nil)
        bench.click(try #require(bench.button("→")))
        bench.wait(.seconds(20))
        #expect(try bench.prompts(ids[0]).last == "wrong place {permission}")
        let rows = try bench.read { try $0.interactions(session: ids[1]) }
        #expect(rows.map(\.state) == ["cancelled"])
    }

    @Test func repliesAndASingleSessionNeedNoButton() throws {
        let bench = try bench()
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        bench.write("more {say}")
        bench.wait(.seconds(20))
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        let ids = try bench.sessions().map(\.id)
        let head = try #require(bench.chat.messages.first { $0.nonce == "\(ids[0])/head" })
        bench.write("to the first {say}", replyTo: head.id)
        bench.wait(.seconds(20))
        #expect(bench.button("→") == nil)
        #expect(!bench.texts().contains { $0.hasPrefix("Goes to") })
    }

    // MARK: Tags

    @Test func twoSessionsInAChatTellTheirMessagesApart() throws {
        let bench = try bench()
        bench.write("/task one {permission,say}")
        bench.wait(.seconds(20))
        let first = try bench.sessions()[0].id
        #expect(!bench.texts().contains { $0.contains("🟦") })
        bench.write("/task two {permission,say}")
        bench.wait(.seconds(20))
        let second = try #require(try bench.sessions().map(\.id).first { $0 != first })
        func messages(_ id: SessionID) -> [String] {
            bench.chat.messages.filter { $0.nonce.hasPrefix("\(id)/") }.map(\.content.markdown)
        }
        #expect(messages(first)[0].hasPrefix("🟦 **sim**"))
        #expect(!messages(first)[1].contains("🟦"), "what was said before stays as it was")
        #expect(messages(second).allSatisfy { $0.hasPrefix("🟥 ") })
        #expect(messages(second)[1].hasPrefix("🟥 `\(second.short.prefix(4))` 🔐"))
        bench.click(try #require(bench.chat.messages.first { $0.nonce.hasPrefix("\(first)/b") }?.content.buttons[0][0]))
        bench.wait(.seconds(20))
        #expect(messages(first).dropFirst(2).allSatisfy { $0.hasPrefix("🟦 ") })
        #expect(messages(first).count > 3)
        bench.write("/status")
        #expect(bench.texts().last?.contains("🟥 `\(second.short)`") == true)
    }

    @Test func sessionsOfDifferentChatsAreNotTagged() throws {
        let bench = try bench()
        bench.write("/task {say}")
        bench.write("/task {say}", in: ChatID(platform: PlatformID("sim"), value: "den"))
        bench.wait(.seconds(20))
        #expect(!bench.chat.messages.contains { $0.content.markdown.contains("🟦") })
    }

    // MARK: Modes and models

    @Test func aModeIsChosenByNameOrByButton() throws {
        let bench = try bench()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        let id = try bench.sessions()[0].id
        bench.write("/mode plan")
        #expect(bench.texts().last == "Mode of `\(id.short)`: **Plan only**")
        bench.write("/mode nonsense")
        #expect(bench.texts().last?.contains("There is no mode `nonsense`") == true)
        bench.write("/mode")
        #expect(bench.chat.messages.last?.content.buttons.joined().map(\.label) == ["Edit", "✓ Plan only"])
        let edit = try #require(bench.button("Edit"))
        bench.click(edit, by: bench.eve)
        #expect(bench.chat.notes == ["Only Ana may change this."])
        bench.click(edit)
        bench.wait(.seconds(5))
        #expect(bench.texts().contains("Mode: Edit, by Ana"))
        bench.write("/model")
        #expect(bench.texts().last == "sim offers no choice of models.")
        let lease = try #require(try bench.read { try $0.leases(session: id) }.first?.id)
        #expect(bench.host.anyEver(lease)?.read(\.choices) == ["plan", "edit"])
    }

    @Test func aModeBeforeTheAgentIsReadyIsRefused() throws {
        let bench = try bench()
        bench.write("/mode plan")
        #expect(bench.texts().last == "No session is open here.")
    }
}
