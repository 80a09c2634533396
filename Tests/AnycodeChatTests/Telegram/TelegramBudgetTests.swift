import AnycodeCore
import Testing

@testable import AnycodeChat

@Suite struct TelegramBudgetTests {
    private func wait(_ decision: TelegramBudget.Decision) -> Duration? {
        if case .wait(let until) = decision { until } else { nil }
    }

    @Test func aChatGetsOneCallASecond() {
        var budget = TelegramBudget()
        let first = budget.join(chat: 1, priority: .stream)
        #expect(budget.ask(first, at: .zero) == .go)
        let second = budget.join(chat: 1, priority: .final)
        #expect(budget.ask(second, at: .milliseconds(10)) == .wait(until: .milliseconds(1050)))
        #expect(budget.ask(second, at: .milliseconds(1050)) == .go)
    }

    @Test func otherChatsDoNotWait() {
        var budget = TelegramBudget()
        for chat in 1...10 {
            #expect(budget.ask(budget.join(chat: Int64(chat), priority: .stream), at: .zero) == .go)
        }
    }

    @Test func theMoreUrgentGoesFirst() {
        var budget = TelegramBudget()
        _ = budget.ask(budget.join(chat: 1, priority: .stream), at: .zero)
        let stream = budget.join(chat: 1, priority: .stream)
        let final = budget.join(chat: 1, priority: .final)
        #expect(budget.ask(stream, at: .milliseconds(1050)) == .wait(until: .milliseconds(2100)))
        #expect(budget.ask(final, at: .milliseconds(1050)) == .go)
        #expect(budget.ask(stream, at: .milliseconds(2100)) == .go)
    }

    @Test func equalsGoInTheirOrder() {
        var budget = TelegramBudget()
        let first = budget.join(chat: 1, priority: .notice)
        let second = budget.join(chat: 1, priority: .notice)
        #expect(wait(budget.ask(second, at: .zero)) == .milliseconds(1050))
        #expect(budget.ask(first, at: .zero) == .go)
    }

    @Test func whoGaveUpHoldsUpNobody() {
        var budget = TelegramBudget()
        let first = budget.join(chat: 1, priority: .final)
        let second = budget.join(chat: 1, priority: .stream)
        budget.leave(first)
        #expect(budget.ask(second, at: .zero) == .go)
        #expect(budget.queue == 0)
    }

    @Test func aPauseThatTheServerAskedForIsObeyedExactly() {
        var budget = TelegramBudget()
        budget.block(chat: 1, until: .seconds(7))
        let final = budget.join(chat: 1, priority: .final)
        #expect(budget.ask(final, at: .seconds(3)) == .wait(until: .seconds(7)))
        #expect(budget.ask(final, at: .seconds(7)) == .go)
        let stream = budget.join(chat: 1, priority: .stream)
        #expect(budget.ask(stream, at: .seconds(7)) == .wait(until: .milliseconds(8050)), "no storm after a wait")
    }

    @Test func groupsKeepRoomForFinals() {
        var budget = TelegramBudget()
        var time = Duration.zero
        var streamed = 0
        while time < .seconds(60) {
            let number = budget.join(chat: -5, priority: .stream)
            switch budget.ask(number, at: time) {
            case .go: streamed += 1
            case .wait(let until):
                budget.leave(number)
                time = until
            }
        }
        #expect(streamed == 14)
        let final = budget.join(chat: -5, priority: .final)
        #expect(budget.ask(final, at: .seconds(60)) == .go)
    }

    /// Everybody asks when told to; each chat sends streamed edits, then a final.
    @Test(arguments: [1, 2, 3] as [UInt64]) func fiftyChatsStayWithinEveryLimit(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var budget = TelegramBudget()
        struct Sender {
            let chat: Int64
            var left: [SendPriority]
            var number: Int?
            var due: Duration
        }
        var senders = (0..<50).map { index in
            let chat = Int64(index + 1) * (index % 3 == 0 ? -1 : 1)
            let streams = Int.random(in: 0..<8, using: &generator)
            return Sender(
                chat: chat, left: Array(repeating: .stream, count: streams) + [.final],
                due: .milliseconds(Int.random(in: 0..<500, using: &generator)))
        }
        var grants: [(time: Duration, chat: Int64)] = []
        func next() -> Int? {
            senders.indices.filter { !senders[$0].left.isEmpty }.min { senders[$0].due < senders[$1].due }
        }
        while let next = next() {
            let now = senders[next].due
            let number = senders[next].number ?? budget.join(chat: senders[next].chat, priority: senders[next].left[0])
            senders[next].number = number
            switch budget.ask(number, at: now) {
            case .go:
                grants.append((now, senders[next].chat))
                budget.answered(chat: senders[next].chat, at: now)
                senders[next].left.removeFirst()
                senders[next].number = nil
            case .wait(let until):
                #expect(until > now)
                senders[next].due = until
            }
        }
        #expect(senders.allSatisfy { $0.left.isEmpty })
        for (index, grant) in grants.enumerated() {
            let before = grants[..<index]
            #expect(before.count { $0.time > grant.time - .seconds(1) } < 30)
            let same = before.filter { $0.chat == grant.chat }
            #expect(same.allSatisfy { grant.time - $0.time >= .seconds(1) })
            if grant.chat < 0 { #expect(same.count { $0.time > grant.time - .seconds(60) } < 20) }
        }
    }

    @Test func callsOnTheirWayCountUntilTheyAreAnswered() {
        var budget = TelegramBudget()
        for chat in 1...28 { #expect(budget.ask(budget.join(chat: Int64(chat), priority: .final), at: .zero) == .go) }
        // The server may see all of them as late as this one.
        let late = budget.join(chat: 99, priority: .final)
        #expect(budget.ask(late, at: .seconds(2)) == .wait(until: .milliseconds(3050)))
        for chat in 1...28 { budget.answered(chat: Int64(chat), at: .milliseconds(2500)) }
        #expect(budget.ask(late, at: .milliseconds(3050)) == .wait(until: .milliseconds(3550)))
        #expect(budget.ask(late, at: .milliseconds(3550)) == .go)
    }

    @Test func aPermitOfWhichNoUseWasMadeIsForgotten() {
        var budget = TelegramBudget()
        for chat in 1...28 { #expect(budget.ask(budget.join(chat: Int64(chat), priority: .final), at: .zero) == .go) }
        #expect(budget.ask(budget.join(chat: 99, priority: .final), at: .seconds(11)) == .go)
    }

    @Test func finalsGoBeforeStreamsOverall() {
        var budget = TelegramBudget()
        var chats: [Int: Int64] = [:]
        func join(_ chat: Int64, _ priority: SendPriority) -> Int {
            let number = budget.join(chat: chat, priority: priority)
            chats[number] = chat
            return number
        }
        var streams = (1...60).map { join($0, .stream) }
        let finals = (100...109).map { join($0, .final) }
        var order: [SendPriority] = []
        var time = Duration.zero
        var waiting = finals
        while !(streams.isEmpty && waiting.isEmpty), time < .seconds(20) {
            streams.removeAll { number in
                guard budget.ask(number, at: time) == .go else { return false }
                budget.answered(chat: chats[number] ?? 0, at: time)
                order.append(.stream)
                return true
            }
            waiting.removeAll { number in
                guard budget.ask(number, at: time) == .go else { return false }
                budget.answered(chat: chats[number] ?? 0, at: time)
                order.append(.final)
                return true
            }
            time += .milliseconds(50)
        }
        #expect(order.count == 70)
        #expect(order.prefix(28).count { $0 == .final } == 10)
    }

    // MARK: Across restarts

    @Test func whatAnEarlierProcessSentStillCounts() throws {
        var before = TelegramBudget()
        for second in 0..<19 {
            #expect(before.ask(before.join(chat: -5, priority: .final), at: .seconds(2 * second)) == .go)
        }
        before.block(chat: -5, until: .seconds(47))
        let past = try #require(before.past(of: -5, date: 1_790_000_040, at: .seconds(40)))
        let kept = TelegramPast(text: past.text)
        #expect(kept == past)
        #expect(kept.calls.count == 19)

        var after = TelegramBudget(limits: .afterStart)
        after.recall(kept, of: -5, date: 1_790_000_041, at: .milliseconds(200))
        let final = after.join(chat: -5, priority: .final)
        // The first of them leaves the window 61 s after it went, which was 41 s ago.
        #expect(after.ask(final, at: .milliseconds(200)) == .wait(until: .milliseconds(20_200)))
        #expect(after.ask(final, at: .milliseconds(20_200)) == .go)
        let other = after.join(chat: 7, priority: .final)
        #expect(after.ask(other, at: .zero) == .wait(until: .milliseconds(1050)))
    }

    @Test(arguments: [-1e9, -100, 0, 3, 1e9]) func aClockThatWasSetHoldsNobodyUp(shift: Double) {
        let now = 1_790_000_000.0
        let past = TelegramPast(calls: [now - 5, now - 1], pause: (until: now + 7, length: 9))
        #expect(past.pauseLeft(at: now + shift) <= .seconds(9))
        #expect(past.ages(at: now + shift).allSatisfy { $0 >= .zero })
        var budget = TelegramBudget()
        budget.recall(past, of: -5, date: now + shift, at: .zero)
        let final = budget.join(chat: -5, priority: .final)
        #expect(wait(budget.ask(final, at: .zero)) ?? .zero <= .seconds(9))
    }

    @Test func whatWasKeptInAnotherFormIsLeftOut() {
        #expect(TelegramPast(text: "").calls.isEmpty)
        #expect(TelegramPast(text: "x 12.5 nan inf|7").calls == [12.5])
        #expect(TelegramPast(text: "|1 2").pause?.until == 1)
        #expect(TelegramBudget().past(of: 1, date: 0, at: .zero) == nil)
    }

    @Test func gateWakesWhenTimeHasCome() async throws {
        let clock = ManualClock()
        let gate = TelegramGate(limits: .init(), time: TelegramTime(clock))
        try await gate.pass(chat: 1, priority: .stream)
        async let second: Void = gate.pass(chat: 1, priority: .stream)
        await clock.waitForSleepers(1)
        clock.advance(by: .milliseconds(1050))
        try await second
        #expect(gate.queue == 0)
    }

    @Test func cancelledWaitersLeave() async throws {
        let clock = ManualClock()
        let gate = TelegramGate(limits: .init(), time: TelegramTime(clock))
        gate.block(chat: 1, for: .seconds(60))
        let waiter = Task { try await gate.pass(chat: 1, priority: .final) }
        await clock.waitForSleepers(1)
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(gate.queue == 0)
    }
}
