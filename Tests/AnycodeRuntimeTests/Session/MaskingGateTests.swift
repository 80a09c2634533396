import AnycodeCore
import TestSupport
import Testing

@testable import AnycodeRuntime

struct MaskingGateTests {
    private static let secret = "hunter2-hunter2-hunter2"
    private static let token = "ghp_" + String(repeating: "Ab1", count: 12)
    private let masker = SecretMasker(secrets: [Secret(Self.secret)])

    /// Random text with secrets in it, cut at random places.
    private func chunks(_ random: inout SplitMix64) -> (text: String, chunks: [String]) {
        let words = [
            "the ", "hunter2 ", "token ", Self.secret, Self.token, "\n", "gh", "ghp_ ", "hunter2-", " end. ", "é",
        ]
        let text = (0..<12).map { _ in words[Int(random.next() % UInt64(words.count))] }.joined() + "."
        var chunks: [String] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            let piece = rest.prefix(1 + Int(random.next() % 9))
            chunks.append(String(piece))
            rest = rest.dropFirst(piece.count)
        }
        return (text, chunks)
    }

    @Test(arguments: 0..<300)
    func secretsAcrossChunksAreMaskedAndNothingElseChanges(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let (text, chunks) = chunks(&random)
        var gate = MaskingGate(masker: masker)
        var passed: [AgentStreamItem] = []
        for (number, chunk) in chunks.enumerated() {
            passed += gate.pass([AgentStreamItem(number: Int64(number + 1), events: [.text(chunk)])])
        }
        passed += gate.pass([AgentStreamItem(number: Int64(chunks.count + 1), events: [.modeChanged("ask")])])
        let shown = passed.flatMap(\.events).map { if case .text(let text) = $0 { text } else { "" } }.joined()
        #expect(!shown.contains(Self.secret))
        #expect(!shown.contains(Self.token))
        #expect(shown == masker.masked(text))
        #expect(passed.compactMap(\.number) == (1...Int64(chunks.count + 1)).map { $0 })
    }

    @Test func textThatNoSecretBeginsWithPassesAtOnce() {
        var gate = MaskingGate(masker: masker)
        let item = AgentStreamItem(number: 1, events: [.text("plain words. ")])
        #expect(gate.pass([item]) == [item])
    }

    /// The agent is stopped in the middle of it.
    @Test func ofASecretThatIsBrokenOffOnlyAFewBytesAreTold() {
        for length in 0..<Self.secret.utf8.count {
            var gate = MaskingGate(masker: masker)
            let begun = String(Self.secret.prefix(length))
            var passed = gate.pass([AgentStreamItem(number: 1, events: [.text("It is " + begun)])])
            passed += gate.pass([AgentStreamItem(number: 2, events: [.modeChanged("ask")])])
            let shown = passed.flatMap(\.events).map { if case .text(let text) = $0 { text } else { "" } }.joined()
            #expect(shown == "It is " + (length < 8 ? begun : "[secret]"))
        }
    }

    @Test func whatIsHeldBackIsNotPassedUntilItIsKnown() {
        var gate = MaskingGate(masker: masker)
        #expect(gate.pass([AgentStreamItem(number: 1, events: [.text("it is hunter2-")])]).isEmpty)
        let passed = gate.pass([AgentStreamItem(number: 2, events: [.text("ish.")])])
        #expect(passed.flatMap(\.events) == [.text("it is hunter2-ish.")])
    }

    @Test func aResetForgetsWhatWillBeReadAgain() {
        var gate = MaskingGate(masker: masker)
        _ = gate.pass([AgentStreamItem(number: 1, events: [.text("hunter2-")])])
        gate.reset()
        let passed = gate.pass([AgentStreamItem(number: 1, events: [.text("hunter2-x.")])])
        #expect(passed.flatMap(\.events) == [.text("hunter2-x.")])
    }

    @Test func toolCallsAndRequestsAreMaskedInEveryText() {
        let call = ToolCall(
            id: ToolCallID("1"), title: "curl -H \(Self.token)",
            content: [.text(Self.secret), .diff(path: "a", old: nil, new: "K=\(Self.secret)")], rawInput: Self.token)
        var gate = MaskingGate(masker: masker)
        let passed = gate.pass([AgentStreamItem(number: 1, events: [.toolCall(call)])])
        let text = String(describing: passed)
        #expect(!text.contains(Self.secret))
        #expect(!text.contains(Self.token))
    }
}
