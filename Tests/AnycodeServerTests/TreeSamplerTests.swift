import AnycodeControl
import Synchronization
import Testing

@testable import AnycodeServer

@Suite struct TreeSamplerTests {
    /// Hands out trees in turn, then none; time passes by being asked to.
    private func sampler(_ trees: [TreeNode], slept: Counter = Counter()) -> TreeSampler {
        let left = Mutex(trees[...])
        return TreeSampler(
            look: { left.withLock { $0.popFirst() } }, sleep: { _ in slept.value.add(1, ordering: .relaxed) })
    }

    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    private func tree(_ uptime: Double, _ state: String = "running", waiting: Double? = nil) -> TreeNode {
        TreeNode(
            id: "root", state: state, uptime: uptime, waiting: waiting.map { .init(reason: "pull", seconds: $0) })
    }

    @Test func firstTreeComesAtOnce() async {
        let slept = Counter()
        #expect(await sampler([tree(1)], slept: slept).next() == tree(1))
        #expect(slept.value.load(ordering: .relaxed) == 0)
    }

    @Test func passingTimeIsNoChange() async {
        let sampler = sampler([tree(1, waiting: 1), tree(1.5, waiting: 1.5), tree(2, waiting: 2), tree(2.5, "ended")])
        #expect(await sampler.next() == tree(1, waiting: 1))
        #expect(await sampler.next() == tree(2.5, "ended"))
        #expect(await sampler.next() == nil)
    }

    @Test func waitThatBeginsAnewIsAChange() async {
        let sampler = sampler([tree(60, waiting: 60), tree(60.5, waiting: 0.1)])
        #expect(await sampler.next() != nil)
        #expect(await sampler.next() == tree(60.5, waiting: 0.1))
    }

    @Test func sameTreeIsToldAgainAfterAWhile() async {
        let slept = Counter()
        let trees = (0..<50).map { tree(Double($0) * 0.5) }
        let sampler = sampler(trees, slept: slept)
        #expect(await sampler.next() == trees[0])
        #expect(await sampler.next() == trees[20])
        #expect(slept.value.load(ordering: .relaxed) == 20)
    }

    @Test func cancelledReaderGetsNoMore() async {
        let sampler = TreeSampler(look: { TreeNode(id: "root") }, sleep: { _ in throw CancellationError() })
        #expect(await sampler.next() != nil)
        #expect(await sampler.next() == nil)
    }
}
