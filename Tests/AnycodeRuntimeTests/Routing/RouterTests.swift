import AnycodeCore
import AnycodeStore
import Supervision
import TestSupport
import Testing

@testable import AnycodeRuntime

struct RouterTests {
    private func bench(_ change: (inout RuntimeConfiguration) -> Void = { _ in }) throws -> RuntimeBench {
        let bench = try RuntimeBench(change)
        try bench.start()
        return bench
    }

    private func button(_ bench: RuntimeBench, _ label: String) -> ChatButton? {
        bench.chat.messages.reversed().lazy.flatMap { $0.content.buttons.joined() }.first { $0.label == label }
    }

    // MARK: Commands

    @Test func withinASecondTheChatShowsWhatWasStarted() throws {
        let bench = try bench()
        bench.write("/task {say} in org/repo")
        let head = try #require(bench.chat.messages.first)
        let id = try bench.sessions()[0].id
        #expect(head.content.markdown.contains("**sim** · `\(id.short)`"))
        #expect(head.content.markdown.contains("org/repo"))
        #expect(head.content.buttons.joined().map(\.label) == ["Cancel"])
    }

    @Test func commandsAnswer() throws {
        let bench = try bench()
        bench.write("/help")
        bench.write("/agents")
        bench.write("/start")
        bench.write("/status")
        bench.write("/cancel")
        bench.write("/task")
        bench.write("/nonsense")
        bench.write("hello?")
        bench.write("/cancel xyz")
        bench.write("/cancel 0000")
        let texts = bench.texts()
        let expected = [
            "**Commands**", "`sim` (default)", "Your id here is `ana`", "No session is open here.",
            "No session is open here.",
            "Say what to do", "`/nonsense` is no command here", "Start one with", "is no session id",
            "begins with `0000`",
        ]
        #expect(texts.count == expected.count)
        for (text, part) in zip(texts, expected) { #expect(text.contains(part), "\(text)") }
        #expect(try bench.read { try $0.pendingInbound(limit: 10) }.isEmpty)
    }

    @Test func anAgentMayBeNamed() throws {
        let bench = try bench()
        bench.write("/task other {say}")
        #expect(try bench.sessions().map(\.agent) == [AgentName("other")])
    }

    @Test func aDoubleSlashReachesTheAgentAsACommandOfItsOwn() throws {
        let bench = try bench()
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        bench.write("//compact {say}")
        bench.wait(.seconds(20))
        #expect(try bench.prompts(bench.sessions()[0].id).last == "/compact {say}")
    }

    @Test func maxConcurrentCountsPerChatAndNotTheIdle() throws {
        let bench = try bench { $0.maxConcurrent = 1 }
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        bench.write("/task {say}")
        #expect(bench.texts().last?.contains("1 sessions are at work") == true)
        let den = ChatID(platform: PlatformID("sim"), value: "den")
        bench.write("/task {say}", in: den)
        bench.click(try #require(button(bench, "Allow once")))
        bench.wait(.seconds(20))
        bench.write("/task {say}")
        #expect(try bench.sessions().count == 3)
    }

    @Test func maxTotalCountsAll() throws {
        let bench = try bench { $0.maxTotal = 1 }
        bench.write("/task {say}")
        bench.write("/task {say}", in: ChatID(platform: PlatformID("sim"), value: "den"))
        #expect(try bench.sessions().count == 1)
    }

    @Test func statusTellsOfThisChatOnly() throws {
        let bench = try bench()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        bench.write("/status")
        let id = try bench.sessions()[0].id
        let status = try #require(bench.texts().last)
        #expect(status.contains("`\(id.short)` **sim** working, waiting for Ana: permission"))
        bench.write("/status", in: ChatID(platform: PlatformID("sim"), value: "den"))
        #expect(bench.texts(ChatID(platform: PlatformID("sim"), value: "den")) == ["No session is open here."])
    }

    @Test func cancelByPrefixEndsThatSession() throws {
        let bench = try bench()
        bench.write("/task {permission}")
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        let ids = try bench.sessions().map(\.id)
        bench.write("/cancel \(ids[0].short.uppercased())")
        bench.wait(.seconds(60))
        #expect(try bench.sessions().map(\.isLive) == [false, true])
        bench.write("/cancel \(ids[0].short)")
        #expect(bench.texts().last?.contains("is over already") == true)
    }

    @Test func diffShowsTheSaveOfAnEndedSession() throws {
        let bench = try bench { $0.session.linger = .zero }
        bench.write("/task {edit}")
        bench.wait(.seconds(60))
        #expect(try bench.sessions().map(\.isLive) == [false])
        bench.write("/diff")
        #expect(bench.texts().last?.contains("version 1") == true)
        #expect(bench.chat.messages.last?.content.attachment != nil)
        bench.click(try #require(button(bench, "Diff")))
        #expect(bench.texts().last?.contains("version 1") == true)
    }

    // MARK: Access

    @Test func aRuleMayNameChats() throws {
        let bench = try bench { $0.access = [PlatformID("sim"): AccessRule(people: nil, chats: [Sample.room])] }
        bench.write("/task {say}", in: ChatID(platform: PlatformID("sim"), value: "den"))
        #expect(try bench.sessions().isEmpty)
        bench.write("/task {say}", by: bench.eve)
        #expect(try bench.sessions().count == 1)
    }

    @Test func aButtonWorksInItsOwnChatOnlyAndForItsPeople() throws {
        let bench = try bench()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        let allow = try #require(button(bench, "Allow once"))
        bench.click(allow, in: ChatID(platform: PlatformID("sim"), value: "den"))
        bench.click(allow, by: bench.eve)
        bench.click(ChatButton(label: "forged", token: "0000.0"))
        #expect(
            bench.chat.notes == [
                "This button is out of date.", "Only Ana may answer this.", "This button is out of date.",
            ])
        bench.click(allow)
        bench.wait(.seconds(20))
        bench.click(allow)
        #expect(bench.chat.notes.suffix(2) == ["", "This has been settled already."])
        let id = try bench.sessions()[0].id
        let rows = try bench.read { try $0.interactions(session: id) }
        #expect(rows.map(\.answeredBy?.id) == [bench.ana.id])
    }

    // MARK: Text

    @Test func aReplyGoesToTheSessionWhoseMessageItAnswers() throws {
        let bench = try bench()
        bench.write("/task {say}")
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        let ids = try bench.sessions().map(\.id)
        let head = try #require(bench.chat.messages.first { $0.nonce == "\(ids[0])/head" })
        bench.write("to the first {say}", replyTo: head.id)
        bench.write("to the newest {say}")
        bench.wait(.seconds(20))
        #expect(try bench.prompts(ids[0]).last == "to the first {say}")
        #expect(try bench.prompts(ids[1]).last == "to the newest {say}")
    }

    @Test func theNewestSessionIsTheNewestWhateverTheCalendarSays() throws {
        let bench = try bench()
        bench.write("/task {say}")
        bench.world.setClock(by: -86_400)
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        bench.write("newest {say}")
        bench.wait(.seconds(20))
        let newest = try bench.read { try $0.recentSessions(limit: 1) }[0].id
        #expect(try bench.prompts(newest).last == "newest {say}")
    }

    @Test func textGoesToTheOnlyOpenQuestion() throws {
        let bench = try bench()
        bench.write("/task {text,say}")
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        bench.write("forty-two")
        bench.wait(.seconds(20))
        let id = try bench.sessions()[0].id
        let rows = try bench.read { try $0.interactions(session: id) }
        #expect(rows.map { String(decoding: $0.answer ?? [], as: UTF8.self) } == ["forty-two"])
        #expect(try bench.prompts(bench.sessions()[1].id).count == 1)
    }

    @Test func aMessageToAnEndedSessionIsAnswered() throws {
        let bench = try bench { $0.session.linger = .zero }
        bench.write("/task {say}")
        bench.wait(.seconds(60))
        let head = try #require(bench.chat.messages.first)
        bench.write("still there?", replyTo: head.id)
        #expect(bench.texts().last?.contains("is over") == true)
    }

    // MARK: Files

    @Test func filesThatComeWithATaskAreInTheWorkspaceBeforeItsTurn() throws {
        let bench = try bench()
        let file = bench.chat.upload("shot 1.txt", Array("hello".utf8))
        bench.chat.write("/task look {say}", in: bench.room, by: bench.ana, files: [file])
        bench.wait(.seconds(30))
        let id = try bench.sessions()[0].id
        let lease = try #require(try bench.read { try $0.leases(session: id) }.first?.id)
        let files = try #require(bench.host.anyEver(lease)).read(\.files)
        #expect(files[".anycode/attachments/1-shot_1.txt"] == Array("hello".utf8))
        #expect(files[".anycode/attachments/.gitignore"] == Array("*\n".utf8))
        #expect(try bench.prompts(id)[0].contains("`.anycode/attachments/1-shot_1.txt` (text/plain)"))
    }

    @Test func aFileWithoutWordsIsAFollowUpAndOneThatIsTooLargeIsSaid() throws {
        let bench = try bench { $0.fileLimit = 4 }
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        let files = [bench.chat.upload("big", Array("12345".utf8)), bench.chat.upload("ok", Array("123".utf8))]
        bench.chat.write("", in: bench.room, by: bench.ana, files: files)
        bench.wait(.seconds(60))
        let prompt = try #require(try bench.prompts(bench.sessions()[0].id).last)
        #expect(prompt.contains("Look at these files"))
        #expect(prompt.contains("2-ok"))
        #expect(prompt.contains("\"big\" was sent too and could not be fetched: it is larger than"))
        #expect(bench.texts().contains { $0.contains("`big` could not be fetched") })
    }

    @Test func forwardedWordsAreNeverACommand() throws {
        let bench = try bench()
        bench.chat.write("/task {say}", in: bench.room, by: bench.ana, isForwarded: true)
        bench.wait(.seconds(1))
        #expect(try bench.sessions().isEmpty)
    }

    // MARK: Nothing is lost

    @Test func whatWasWrittenWhileTheDaemonWasDownIsRead() throws {
        let bench = try bench()
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        bench.chat.write("while you were out {say}", in: bench.room, by: bench.ana)
        try bench.restart()
        bench.wait(.seconds(30))
        #expect(try bench.prompts(bench.sessions()[0].id) == ["{say}", "while you were out {say}"])
    }

    @Test func noticesComeAfterACrash() throws {
        let bench = try bench()
        bench.chat.goOffline(for: .seconds(5))
        bench.write("/help")
        #expect(bench.texts().isEmpty)
        try bench.restart()
        bench.wait(.seconds(60))
        #expect(bench.texts().count == 1)
        #expect(try bench.read { try $0.chatsWithPendingNotices() }.isEmpty)
    }

    @Test func anEventThatArrivesTwiceCountsOnce() throws {
        let bench = try bench()
        let event = InboundEvent(
            key: "same", conversation: Conversation(chat: bench.room), sender: bench.ana, sentAt: bench.world.date,
            content: .text(TextMessage(id: MessageID("1"), text: "/task {say}")))
        let inbox = StoredInbox(runtime: bench.runtime, platform: PlatformID("sim"))
        try bench.executor.complete {
            try await inbox.receive([event, event])
            try await inbox.receive([event])
        }
        bench.wait(.seconds(20))
        #expect(try bench.sessions().count == 1)
    }
}
