import AnycodeCore
import AnycodeStore
import Supervision
import TestSupport
import Testing

@testable import AnycodeRuntime

struct RetentionTests {
    @Test func finishedSessionsAreForgottenAfterTheirTimeAndLiveOnesNever() throws {
        let bench = try RuntimeBench {
            $0.keep = .seconds(20 * 3_600)
            $0.session.linger = .zero
        }
        try bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(60))
        let over = try bench.sessions()[0]
        #expect(!over.isLive)
        bench.wait(.seconds(10 * 3_600))
        bench.write("/task {permission}")
        bench.wait(.seconds(60))
        #expect(try bench.sessions().count == 2)
        bench.wait(.seconds(11 * 3_600))
        let left = try bench.sessions()
        #expect(left.count == 1 && left[0].id != over.id)
        #expect(try bench.read { try $0.transcript(over.id).isEmpty })
    }

    @Test func withoutASettingEverythingIsKept() throws {
        let bench = try RuntimeBench { $0.session.linger = .zero }
        try bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(3 * 86_400))
        #expect(try bench.sessions().count == 1)
    }
}

struct IntakeTests {
    @Test func aClosedIntakeRefusesTasksInWords() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.runtime.intake.become(.refusing)
        bench.write("/task {say}")
        #expect(try bench.sessions().isEmpty)
        #expect(bench.texts().last?.contains("takes no new tasks now") == true)
        bench.runtime.intake.become(.open)
        bench.write("/task {say}")
        #expect(try bench.sessions().count == 1)
    }

    @Test func aTaskThatComesDuringAShutdownIsBegunByTheNextStart() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.runtime.intake.become(.holding)
        bench.write("/task {say}")
        #expect(try bench.sessions().isEmpty)
        try bench.restart()
        bench.wait(.seconds(5))
        #expect(try bench.sessions().count == 1)
    }
}
