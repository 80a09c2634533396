import AnycodeCore
import Foundation
import Testing

@testable import AnycodeRuntime

struct SessionMachineFileTests {
    private func prompt(_ text: String = "look", _ names: String...) -> SessionEvent {
        .prompted(by: Sample.ana, text: text, files: names.map { Sample.file($0) })
    }

    private func words(_ run: MachineRun) -> [String] {
        run.calls.compactMap { call in if case .prompt(_, _, let text) = call { text } else { nil } }
    }

    @Test func aTurnBeginsWhenItsFilesAreThere() {
        var run = MachineRun()
        run.toIdle()
        run.on(prompt("look", "a.txt", "b.txt"))
        #expect(run.phase == "receiving")
        #expect(run.incomingFiles.map(\.path) == [".anycode/attachments/1-a.txt", ".anycode/attachments/2-b.txt"])
        #expect(words(run).count == 1)
        run.on(.received(run.incomingFiles.map { ReceivedFile($0) }))
        #expect(run.phase == "working")
        #expect(
            words(run).last
                == "look\n\nFiles sent with this message:\n- `.anycode/attachments/1-a.txt` (text/plain)\n"
                + "- `.anycode/attachments/2-b.txt` (text/plain)")
    }

    @Test func filesOfAFollowUpWaitWithItAndGetNumbersOfTheirOwn() {
        var run = MachineRun()
        run.toWorking()
        run.on(prompt("one", "a"))
        run.on(prompt("two", "a"))
        run.says(.text("x"))
        run.endTurn()
        run.on(.saved(nil))
        run.on(.received(run.incomingFiles.map { ReceivedFile($0) }))
        run.endTurn()
        run.on(.saved(nil))
        #expect(run.incomingFiles.map(\.path) == [".anycode/attachments/2-a"])
    }

    @Test func afterARestartTheSameFilesGoToTheSamePlaces() {
        var run = MachineRun()
        run.toIdle()
        run.on(prompt("look", "a"))
        let before = run.incomingFiles
        run.restart()
        run.on(.acquired(Sample.health()))
        #expect(run.incomingFiles == before)
        run.on(.received(before.map { ReceivedFile($0) }))
        run.on(.received(before.map { ReceivedFile($0) }))
        #expect(words(run).count == 2)
    }

    @Test func whatCannotBeHadIsSaidToBothAndTheTurnBegins() {
        var run = MachineRun()
        run.toIdle()
        run.on(prompt("look", "a"))
        run.wait(.seconds(601))
        #expect(run.phase == "working")
        #expect(words(run).last?.contains("\"a\" was sent too and could not be fetched: it took too long") == true)
        #expect(run.notices.last?.contains("`a` could not be fetched") == true)
    }

    @Test func anAgentThatEndedMeanwhileIsStartedForTheTurn() {
        var run = MachineRun()
        run.toIdle()
        run.on(prompt("look", "a"))
        let files = run.incomingFiles
        run.says(.agentExited(AgentExit(exitCode: 1, signal: nil, message: "crash")))
        run.on(.received(files.map { ReceivedFile($0) }))
        #expect(run.phase == "connecting")
        run.accept()
        run.open()
        #expect(words(run).last?.hasPrefix("look") == true)
    }

    @Test func wordsWithFilesAnswerNoQuestion() {
        var run = MachineRun()
        run.toWorking()
        run.says(.questionAsked(Sample.question(1, [Sample.field("name", .text)])))
        run.on(prompt("this one", "a"))
        #expect(run.state.asks.count == 1)
        #expect(run.state.queue.count == 1)
    }

    @Test func onlySoManyFilesOfAMessageAreTaken() {
        var run = MachineRun()
        run.toIdle()
        run.on(.prompted(by: Sample.ana, text: "", files: (0..<25).map { Sample.file("\($0)") }))
        #expect(run.incomingFiles.count == 20)
        run.on(.received(run.incomingFiles.map { ReceivedFile($0) }))
        #expect(run.notices.last?.contains("5 more files were not taken") == true)
    }

    @Test(arguments: [
        ("photo.jpg", "photo.jpg"), ("../../etc/passwd", "passwd"), ("C:\\x\\y z.doc", "y_z.doc"), ("", "file"),
        ("...", "file"), ("-rf", "rf"), ("a\nb`c", "a_b_c"), ("Bericht (März).pdf", "Bericht__März_.pdf"),
        (
            String(repeating: "x", count: 200) + ".txt",
            String(repeating: "x", count: 60) + "_" + String(repeating: "x", count: 15) + ".txt"
        ),
    ])
    func namesAreMadeSafe(_ name: String, _ safe: String) {
        #expect(SessionMachine.safeName(name) == safe)
    }

    @Test func aPromptStoredWithoutFilesIsRead() throws {
        let old = Data(#"{"by":{"id":"ana","name":"Ana"},"text":"go"}"#.utf8)
        let prompt = try JSONDecoder().decode(SessionState.Prompt.self, from: old)
        #expect(prompt == .init(by: Sample.ana, text: "go"))
    }
}
