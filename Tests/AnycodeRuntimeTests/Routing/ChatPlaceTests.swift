import AnycodeCore
import AnycodeSimulation
import AnycodeStore
import Supervision
import TestSupport
import Testing

@testable import AnycodeRuntime

/// Threads of sessions' own, and chats that get another id.
struct ChatPlaceTests {
    private func receive(_ bench: RuntimeBench, _ text: String, opensThread: Bool = true) throws {
        let event = InboundEvent(
            key: "k-\(text)", conversation: Conversation(chat: bench.room), opensThread: opensThread, sender: bench.ana,
            sentAt: bench.world.date, content: .text(TextMessage(id: MessageID("t-\(text)"), text: text)))
        let inbox = StoredInbox(runtime: bench.runtime, platform: bench.room.platform)
        try bench.executor.complete { try await inbox.receive([event]) }
        bench.wait(.seconds(5))
    }

    @Test func aTaskGetsAThreadOfItsOwnNamedAfterIt() throws {
        let bench = try RuntimeBench()
        try bench.start()
        try receive(bench, "/task {say}   in\norg/repo")
        let session = try #require(try bench.sessions().first)
        #expect(session.conversation == .ownThread(of: session.id, in: bench.room))
        let name = try bench.read { try $0.setting(ChatMemoryValue.threadName, conversation: session.conversation) }
        #expect(name == "{say} in")
        #expect(bench.texts().contains { $0.contains("✅") })
    }

    @Test func elsewhereATaskStaysWhereItIs() throws {
        let bench = try RuntimeBench()
        try bench.start()
        try receive(bench, "/task {say}", opensThread: false)
        #expect(try bench.sessions().map(\.conversation) == [Conversation(chat: bench.room)])
    }

    @Test func sessionsGoOnInAChatThatGotAnotherID() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(60))
        let new = ChatID(platform: bench.room.platform, value: "moved")
        let inbox = StoredInbox(runtime: bench.runtime, platform: bench.room.platform)
        let old = bench.room
        try bench.executor.complete { try await inbox.chat(old, becomes: new) }
        bench.wait(.seconds(5))
        let session = try #require(try bench.sessions().first)
        #expect(session.conversation.chat == new)
        #expect(bench.runtime.sessions[session.id]?.header.conversation.chat == new)
        bench.write("and {say} more", in: new)
        bench.wait(.seconds(60))
        #expect(try bench.prompts(session.id).count == 2)
        #expect(bench.texts(new).contains { $0.contains("✅") })
        try bench.restart()
        #expect(bench.runtime.sessions[session.id]?.header.conversation.chat == new)
    }
}
