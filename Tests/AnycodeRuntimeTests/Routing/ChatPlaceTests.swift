import AnycodeCore
import AnycodeSimulation
import AnycodeStore
import Foundation
import Supervision
import TestSupport
import Testing

@testable import AnycodeRuntime

/// Threads of sessions' own, and chats that get another id.
struct ChatPlaceTests {
    private func receive(
        _ bench: RuntimeBench, _ text: String, opensThread: Bool = true, ago: Double = 0
    ) throws {
        let event = InboundEvent(
            key: "k-\(text)", conversation: Conversation(chat: bench.room), opensThread: opensThread, sender: bench.ana,
            sentAt: bench.world.date.addingTimeInterval(-ago),
            content: .text(TextMessage(id: MessageID("t-\(text)"), text: text)))
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

    @Test func aTaskThatWaitedGetsItsThreadAllTheSame() throws {
        let bench = try RuntimeBench { $0.maxConcurrent = 1 }
        try bench.start()
        try receive(bench, "/task late {say}", ago: 3600)
        try bench.restart()
        bench.click(try #require(bench.button("Run")))
        bench.wait(.seconds(20))
        bench.write("/cancel")
        bench.wait(.seconds(20))
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        try receive(bench, "/task queued {say}")
        bench.click(try #require(bench.button("Queue it")))
        bench.write("/cancel")
        bench.wait(.seconds(20))
        let sessions = try bench.sessions().filter { $0.prompt != "{permission}" }
        #expect(sessions.map(\.prompt) == ["late {say}", "queued {say}"])
        #expect(sessions.allSatisfy { $0.conversation == .ownThread(of: $0.id, in: bench.room) })
    }

    @Test func whatIsConfiguredForAChatHoldsUnderItsNewID() throws {
        let (sim, new) = (Sample.room.platform, ChatID(platform: Sample.room.platform, value: "moved"))
        let group = PersonID(Sample.room.value)
        let rule = AccessRule(mode: .list, people: [Sample.ana.id, group], chats: [Sample.room])
        let bench = try RuntimeBench { $0.access[sim] = rule }
        try bench.start()
        bench.write("/status", in: new)
        #expect(bench.texts(new).isEmpty)
        let inbox = StoredInbox(runtime: bench.runtime, platform: sim)
        try bench.executor.complete { try await inbox.chat(Sample.room, becomes: new) }
        bench.write("/status", in: new)
        #expect(bench.texts(new).count == 1)
        try bench.restart()
        // Somebody who writes as the group.
        bench.write("/status", by: Person(id: PersonID(new.value), name: "The group"), in: new)
        #expect(bench.texts(new).count == 2)
        bench.write("/status", by: Person(id: PersonID("another"), name: "Another"), in: new)
        bench.write("/status", in: ChatID(platform: sim, value: "elsewhere"))
        #expect(bench.texts(new).count == 2)
        #expect(bench.texts(ChatID(platform: sim, value: "elsewhere")).isEmpty)
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
