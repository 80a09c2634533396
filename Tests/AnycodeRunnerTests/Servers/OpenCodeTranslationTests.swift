import AnycodeJSON
import Testing

@testable import AnycodeRunner

/// Which requests of the server reach the client when its state is read while people answer.
@Suite struct OpenCodeTranslationTests {
    private typealias Output = OpenCodeTranslation.Output

    private static let permission: JSON = [
        "id": "per_1", "sessionID": "ses_1", "permission": "bash", "patterns": ["rm *"], "always": [],
    ]

    private static func event(_ type: JSON, _ properties: JSON) -> ServerEvent {
        let json: JSON = ["id": "evt", "type": type, "properties": properties]
        return ServerEvent(data: json.bytes)
    }

    /// Open, with its event stream, in a turn in which a permission was asked for.
    private static func asked() -> OpenCodeTranslation {
        var translation = OpenCodeTranslation(directory: "/workspace", agent: "opencode")
        _ = translation.answered(
            .initialize(request: 1),
            [ServerAnswer(status: 200, body: Array(#"{"healthy":true,"version":"1.18.18"}"#.utf8))])
        _ = translation.answered(.open(request: 2), [ServerAnswer(status: 200, body: Array(#"{"id":"ses_1"}"#.utf8))])
        _ = translation.subscribed()
        _ = read(&translation, permissions: "[]")
        return translation
    }

    /// What comes of the state as it was read.
    private static func read(_ translation: inout OpenCodeTranslation, permissions: String) -> [Output] {
        let bodies = [#"{"ses_1":{"type":"busy"}}"#, "[]", "[]", permissions, "[]"]
        let epoch = translation.epoch
        return translation.answered(
            .reread(epoch: epoch), bodies.map { ServerAnswer(status: 200, body: Array($0.utf8)) })
    }

    private static func requests(_ outputs: [Output]) -> [JSON] {
        outputs.compactMap { output in
            if case .client(let json) = output, json["method"] != nil, let id = json["id"] { id } else { nil }
        }
    }

    private static func answer(_ id: JSON) -> JSON {
        ["jsonrpc": "2.0", "id": id, "result": ["outcome": ["outcome": "selected", "optionId": "once"]]]
    }

    @Test func whatWasAnsweredIsNotAskedAgainWhereTheStateIsOlderThanTheAnswer() throws {
        var translation = Self.asked()
        let first = Self.requests(translation.received(Self.event("permission.asked", Self.permission)))
        let id = try #require(first.first)
        _ = translation.reread()
        #expect(!translation.fromClient(Self.answer(id)).isEmpty)
        let list = "[" + String(decoding: Self.permission.bytes, as: UTF8.self) + "]"
        #expect(Self.requests(Self.read(&translation, permissions: list)) == [])
    }

    @Test func anAnswerThatDidNotReachTheServerIsAskedForAgain() throws {
        var translation = Self.asked()
        let first = Self.requests(translation.received(Self.event("permission.asked", Self.permission)))
        let id = try #require(first.first)
        _ = translation.fromClient(Self.answer(id))
        _ = translation.answered(.answer("per_1"), [ServerAnswer(status: 0, problem: "the connection broke")])
        let list = "[" + String(decoding: Self.permission.bytes, as: UTF8.self) + "]"
        #expect(Self.requests(Self.read(&translation, permissions: list)).count == 1)
    }
}
