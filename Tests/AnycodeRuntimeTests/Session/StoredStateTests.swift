import AnycodeCore
import Foundation
import Testing

@testable import AnycodeRuntime

/// Rows that earlier builds stored go on being read.
struct StoredStateTests {
    /// As the first build with sessions stored it, in the middle of a permission.
    private static let first = """
        {"phase":{"working":{}},"turn":2,"callCount":4,"logID":"log","agentIsGone":false,"commands":["compact"],
         "source":{"isLocal":false,"source":{"url":"https://github.com/org/repo.git"},"spelling":"org/repo"},
         "workspace":{"path":"/workspace/repo","base":"0123456789abcdef","branch":"main"},
         "capabilities":{"loadsSessions":false,"resumesSessions":false,"authenticationMethods":[],"acceptsImages":false},
         "agentSession":{"id":"s","models":[],"modes":[]},"queue":[{"text":"and then","by":{"id":"eve","name":"Eve"}}],
         "outbound":[{"cancel":{"_0":"s"}}],"awaited":[{"request":"anycode-4","purpose":{"prompt":{}}}],
         "asks":[{"ask":{"id":"i","token":"t","kind":{"permission":{"_0":{"request":1,
          "toolCall":{"id":"c","title":"rm"},"options":[{"id":"y","name":"Yes","kind":"allowOnce"}]}}}},"answers":{}}],
         "settledRequests":[7],"usage":{"used":1,"size":2,"cost":0.5,"currency":"USD"},"agentSeconds":3.5,
         "turnBegan":1,"savedAt":2,"turnSpoke":true,"turnIsStopping":false,"lastTurn":{"done":{}},"diffIsWanted":false,
         "lastSave":{"path":"/patches/1","bytes":10,"files":1,"added":1,"removed":0}}
        """

    @Test func aRowOfTheFirstBuildGoesOn() throws {
        let state = try JSONCoding.decode(SessionState.self, from: Array(Self.first.utf8))
        #expect(state.phase == .working && state.turn == 2 && state.agentSeconds == 3.5)
        #expect(state.queue.map(\.words) == ["and then"] && state.commands == ["compact"])
        #expect(state.asks.first?.isReminded == false && state.asks.first?.ask.request == .number(1))
        #expect(state.lastSave?.holdsSecret == false && state.lastSave?.path == "/patches/1")
        #expect(state.grantedSeconds == 0 && state.reportedTurn == 0 && state.maskings == 0 && state.fileCount == nil)
        let again = try JSONCoding.decode(SessionState.self, from: try JSONCoding.encode(state))
        #expect(again == state)
    }

    @Test func anEndThatAnEarlierBuildBeganGoesOn() throws {
        let stopping = #""stopping":{"_0":{"outcome":"cancelled","reason":"by Ana","rings":true}}"#
        let row = Self.first.replacing(#""working":{}"#, with: stopping)
        let state = try JSONCoding.decode(SessionState.self, from: Array(row.utf8))
        #expect(state.phase == .stopping(.init(outcome: .cancelled, reason: "by Ana", rings: true)))
    }
}
