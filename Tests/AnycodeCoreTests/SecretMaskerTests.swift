import AnycodeCore
import Foundation
import Testing

struct SecretMaskerTests {
    @Test func whatIsMaskedCanBeCounted() {
        let tally = MaskTally()
        let masker = SecretMasker(secrets: [Secret("correct-horse")]).counting(in: tally)
        _ = masker.masked("correct-horse, correct-horse and ghp_0123456789012345678901234567890123456789")
        _ = masker.masked("nothing")
        #expect(tally.take() == 3)
        #expect(tally.take() == 0)
    }

    private let masker = SecretMasker(secrets: [Secret("correct horse/battery+staple"), Secret("short")])

    @Test func knownValuesAreMaskedAlsoEncoded() {
        let value = "correct horse/battery+staple"
        let base64 = Data(value.utf8).base64EncodedString()
        #expect(masker.masked("a \(value) b") == "a [secret] b")
        #expect(masker.masked("Basic \(base64)").contains("[secret]"))
        #expect(!masker.masked("Basic \(base64)").contains(base64.prefix(20)))
        #expect(masker.masked("?k=correct%20horse%2Fbattery%2Bstaple&x") == "?k=[secret]&x")
    }

    @Test func shortValuesAreTooCommonToBeMasked() {
        #expect(masker.masked("a short walk") == "a short walk")
    }

    @Test(arguments: [
        "ghp_" + String(repeating: "a1B2", count: 9), "sk-ant-api03-" + String(repeating: "x", count: 30),
        "sk-" + String(repeating: "Z9", count: 20), "xoxb-123456789012-abcdefghijkl", "AKIAIOSFODNN7EXAMPLE",
        "github_pat_" + String(repeating: "k", count: 50), "glpat-" + String(repeating: "q", count: 20),
    ])
    func tokensOfKnownShapesAreMasked(token: String) {
        #expect(masker.masked("before \(token) after") == "before [secret] after")
        #expect(masker.finds(in: Array("+KEY=\(token)\n".utf8)))
    }

    @Test(arguments: [
        "task-force of the risk-averse", "sk-learn", "ghp_", "the sk-ant- prefix",
        "mask-" + String(repeating: "a", count: 40),
        "", "日本語 text", "xoxb-short",
    ])
    func ordinaryTextStaysAsItIs(text: String) {
        #expect(masker.masked(text) == text)
    }

    @Test func aTextThatMayGoOnAsASecretSaysSo() {
        #expect(masker.mayContinue("the key is correct ho"))
        #expect(masker.mayContinue("token gh"))
        #expect(masker.mayContinue("token ghp_abc"))
        #expect(!masker.mayContinue("nothing of the kind."))
        #expect(!masker.mayContinue("a paragraph\n"))
    }
}
