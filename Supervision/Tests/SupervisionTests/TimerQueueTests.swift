import Testing

@testable import Supervision

@Suite struct TimerQueueTests {
    @Test func earliestFirst() {
        var queue = TimerQueue()
        for (slot, seconds) in [5, 1, 4, 2, 3].enumerated() { queue.set(slot, at: .seconds(seconds)) }
        var order: [Int] = []
        while let slot = queue.popDue(at: .seconds(4)) { order.append(slot) }
        #expect(order == [1, 3, 4, 2])
        #expect(queue.next == .seconds(5))
    }

    @Test func equalDeadlinesKeepTheirOrder() {
        var queue = TimerQueue()
        for slot in 0..<50 { queue.set(slot, at: .seconds(1)) }
        var order: [Int] = []
        while let slot = queue.popDue(at: .seconds(1)) { order.append(slot) }
        #expect(order == Array(0..<50))
    }

    @Test func aSlotHasOneDeadline() {
        var queue = TimerQueue()
        queue.set(1, at: .seconds(1))
        queue.set(1, at: .seconds(9))
        #expect(queue.next == .seconds(9))
        #expect(queue.popDue(at: .seconds(5)) == nil)
        #expect(queue.popDue(at: .seconds(9)) == 1)
        #expect(queue.popDue(at: .seconds(9)) == nil)
    }

    @Test func theCancelledNeverSurface() {
        var queue = TimerQueue()
        queue.set(1, at: .seconds(1))
        queue.set(2, at: .seconds(2))
        queue.cancel(1)
        queue.cancel(7)
        #expect(queue.next == .seconds(2))
        queue.cancel(2)
        #expect(queue.next == nil)
    }

    @Test(arguments: 0..<200) func agreesWithADictionary(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = TimerQueue()
        var model: [Int: Duration] = [:]
        var now = Duration.zero
        for _ in 0..<400 {
            let slot = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let deadline = now + .milliseconds(Int.random(in: 0...1000, using: &random))
                queue.set(slot, at: deadline)
                model[slot] = deadline
            case 5..<8:
                queue.cancel(slot)
                model[slot] = nil
            default:
                now += .milliseconds(Int.random(in: 0...300, using: &random))
                while let due = queue.popDue(at: now) {
                    let deadline = model.removeValue(forKey: due)
                    #expect(deadline.map { $0 <= now } == true)
                    #expect(model.values.allSatisfy { $0 >= deadline ?? .zero })
                }
                #expect(model.values.allSatisfy { $0 > now })
            }
            #expect(queue.next == model.values.min())
        }
    }
}
