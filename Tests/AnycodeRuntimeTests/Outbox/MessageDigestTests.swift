import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct MessageDigestTests {
    @Test func whatIsShownDecides() {
        let message = OutgoingMessage(markdown: "hello", buttons: [[ChatButton(label: "A", token: "a")]])
        let same = MessageDigest(message)
        #expect(MessageDigest(message) == same)
        var other = message
        other.markdown = "hello!"
        #expect(MessageDigest(other) != same)
        other = message
        other.buttons = [[ChatButton(label: "A", token: "b")]]
        #expect(MessageDigest(other) != same)
        other = message
        other.buttons = [[ChatButton(label: "A", token: "a", style: .danger)]]
        #expect(MessageDigest(other) != same)
        other = message
        other.buttons = [[], [ChatButton(label: "A", token: "a")]]
        #expect(MessageDigest(other) != same)
        other = message
        other.attachment = ChatAttachment(name: "a", path: "/a", mediaType: "text/plain")
        #expect(MessageDigest(other) != same)
    }

    @Test func isTheSameInEveryProcess() {
        #expect(
            MessageDigest(OutgoingMessage(markdown: "hello")).bytes
                == MessageDigest(OutgoingMessage(markdown: "hello")).bytes)
    }

    @Test func partsDoNotRunIntoEachOther() {
        let left = OutgoingMessage(markdown: "a", buttons: [[ChatButton(label: "b", token: "c")]])
        let right = OutgoingMessage(markdown: "ab", buttons: [[ChatButton(label: "", token: "c")]])
        #expect(MessageDigest(left) != MessageDigest(right))
    }
}
