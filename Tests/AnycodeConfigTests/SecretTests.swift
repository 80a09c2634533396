import Testing

@testable import AnycodeConfig

@Suite struct SecretTests {
    @Test func neverPrintsItself() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(["nested": secret], to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), String(describing: [secret]), dumped] {
            #expect(!text.contains("hunter2"))
        }
        #expect(secret.reveal() == "hunter2")
        #expect(secret == Secret("hunter2"))
        #expect(secret != Secret("hunter3"))
    }
}
