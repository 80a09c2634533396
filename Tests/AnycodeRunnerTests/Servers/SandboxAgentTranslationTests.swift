import AnycodeJSON
import Testing

@testable import AnycodeRunner

/// Which of its two answers a request gets: the POST's own, or the one that the stream brings behind the agent's words.
@Suite struct SandboxAgentTranslationTests {
    private typealias Output = SandboxAgentTranslation.Output

    private static let answer: JSON = ["jsonrpc": "2.0", "id": 7, "result": ["stopReason": "end_turn"]]
    private static let word: JSON = [
        "jsonrpc": "2.0", "method": "session/update",
        "params": ["update": ["sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": "Hello"]]],
    ]

    /// Started, with request 7 on its way and messages up to number 10 read.
    private static func asked() -> SandboxAgentTranslation {
        var translation = SandboxAgentTranslation(agent: "mock")
        _ = translation.answered(.post(request: nil), [ServerAnswer(status: 202)])
        _ = translation.answered(.identity, [ServerAnswer(status: 200, body: Array("{}".utf8))])
        for number in 1...10 { _ = translation.received(event(number, word)) }
        ask(7, &translation)
        return translation
    }

    private static func ask(_ id: Int64, _ translation: inout SandboxAgentTranslation) {
        _ = translation.fromClient(["jsonrpc": "2.0", "id": .integer(id), "method": "session/prompt", "params": [:]])
    }

    private static func event(_ number: Int, _ message: JSON) -> ServerEvent {
        ServerEvent(id: "\(number)", data: message.bytes)
    }

    private static func post(_ translation: inout SandboxAgentTranslation) -> [Output] {
        translation.answered(.post(request: 7), [ServerAnswer(status: 200, body: answer.bytes)])
    }

    private static func breakStream(_ translation: inout SandboxAgentTranslation) {
        _ = translation.unsubscribed(nil)
        _ = translation.answered(.identity, [ServerAnswer(status: 200, body: Array("{}".utf8))])
    }

    private static func expectWordThenAnswer(_ translation: inout SandboxAgentTranslation) {
        #expect(translation.received(event(11, word)) == [.client(word)])
        #expect(translation.received(event(12, answer)) == [.client(answer)])
    }

    @Test func theAnswerWaitsForWhatTheStreamBringsBeforeIt() {
        var translation = Self.asked()
        #expect(Self.post(&translation) == [])
        Self.expectWordThenAnswer(&translation)
    }

    @Test func theAnswerWaitsForTheReplayOfAStreamThatBroke() {
        var translation = Self.asked()
        Self.breakStream(&translation)
        #expect(Self.post(&translation) == [.resubscribe], "what was said between replay and now is asked for")
        #expect(translation.subscription?.headers["Last-Event-ID"] == "10")
        Self.expectWordThenAnswer(&translation)
    }

    @Test func aBreakDisturbsNoLaterTurn() {
        var translation = Self.asked()
        Self.breakStream(&translation)
        _ = translation.received(Self.event(11, Self.answer))
        Self.ask(7, &translation)
        #expect(Self.post(&translation) == [])
        #expect(translation.received(Self.event(12, Self.answer)) == [.client(Self.answer)])
    }

    @Test func anAnswerThatTheStreamLostIsTakenFromThePost() {
        var translation = Self.asked()
        #expect(Self.post(&translation) == [])
        #expect(translation.received(Self.event(20, Self.word)).contains(.client(Self.answer)))
    }

    @Test func whereMessagesAreLostForGoodTheAnswerIsNotWaitedFor() {
        var translation = Self.asked()
        _ = translation.received(Self.event(20, Self.word))
        #expect(Self.post(&translation) == [.client(Self.answer)])
        #expect(translation.received(Self.event(21, Self.answer)) == [], "a request is answered once")
    }

    @Test func aServerThatRefusesTheStreamHasItsAnswersTaken() {
        var translation = Self.asked()
        #expect(Self.post(&translation) == [])
        #expect(translation.unsubscribed(ServerAnswer(status: 500)).contains(.client(Self.answer)))
    }
}
