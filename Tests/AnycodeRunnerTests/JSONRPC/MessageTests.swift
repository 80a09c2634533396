import Testing

@testable import AnycodeRunner

@Suite struct MessageTests {
    private func message(_ text: String) -> Message? {
        Message(Array(text.utf8))
    }

    @Test func kindsAreToldApart() {
        #expect(message(#"{"jsonrpc":"2.0","id":1,"method":"a"}"#)?.kind == .request(id: .init(json: "1"), method: "a"))
        #expect(
            message(#"{"id":"x","method":"a","params":{"id":9}}"#)?.kind
                == .request(id: .init(json: "\"x\""), method: "a"))
        #expect(message(#"{"method":"n","params":[1,{"method":"other"}]}"#)?.kind == .notification(method: "n"))
        #expect(message(#"{"id":null,"method":"n"}"#)?.kind == .notification(method: "n"))
        #expect(message(#"{"id":1,"result":null}"#)?.kind == .response(id: .init(json: "1")))
        #expect(message(#" { "error" : {"code":-1} , "id" : 2 } "#)?.kind == .response(id: .init(json: "2")))
    }

    @Test(arguments: [
        "", "x", "[]", "1", "{", #"{"id":1}"#, #"{"method":1}"#, #"{"method":"a"} x"#, #"{"method":"a",}"#,
        #"{"a":tru}"#,
        #"{"method":"\x"}"#, "{\"method\":\"a\nb\"}", #"{"id":{},"result":1}"#, #"{"method":"a","p":01}"#,
        #"{"method":"a","p":1.}"#, #"{"method":"\u12"}"#,
    ])
    func malformedTextIsRefused(text: String) {
        #expect(message(text) == nil)
    }

    @Test(arguments: ["-0.5e+3", "0", "12", "true", "null", #""\u00e9\n""#, "[[],[1,2]]", #"{"a":{"b":[]}}"#])
    func everyKindOfValuePasses(value: String) {
        #expect(message(#"{"method":"a","params":\#(value)}"#) != nil)
    }

    @Test func lineBreaksBetweenMembersBecomeSpaces() {
        let bytes = message("{\"method\":\r\n\"a\"}")?.bytes
        #expect(bytes.map { String(decoding: $0, as: UTF8.self) } == "{\"method\":  \"a\"}")
    }

    @Test func textThatIsNoUTF8IsRefused() {
        #expect(Message(Array(#"{"method":"a","p":""#.utf8) + [0xFF] + Array(#""}"#.utf8)) == nil)
    }

    @Test func deepNestingIsRefused() {
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        #expect(message(#"{"method":"a","params":\#(deep)}"#) == nil)
    }

    @Test func anIDIsReplacedInPlace() {
        let renamed = message(#"{"id": 7, "method":"a","params":{"id":7}}"#)?.replacingID(with: .init(json: "\"2.7\""))
        #expect(renamed?.kind == .request(id: .init(json: "\"2.7\""), method: "a"))
        #expect(
            renamed.map { String(decoding: $0.bytes, as: UTF8.self) }
                == #"{"id": "2.7", "method":"a","params":{"id":7}}"#)
    }

    @Test func noticesAreMessagesWhateverTheySay() {
        let words = "\"quoted\" \\ \n\r\t\u{1}\u{2028} é"
        let exited = Message(Notices.agentExited(ProcessExit(code: 3), message: words))
        #expect(exited?.kind == .notification(method: "_adapter/agent_exited"))
        #expect(Message(Notices.invalidOutput([0xFF, 0x22, 0x0A])) != nil)
        #expect(Message(Notices.unanswered(.init(json: "1"), message: words))?.kind == .response(id: .init(json: "1")))
    }
}
