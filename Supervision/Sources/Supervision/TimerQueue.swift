/// At most one deadline per slot, earliest first: a binary heap whose cancelled entries are skipped when they surface.
struct TimerQueue: Sendable {
    private struct Entry {
        let deadline: Duration
        let stamp: UInt64
        let slot: Int

        /// Equal deadlines keep the order in which they were set, so that runs replay.
        func isBefore(_ other: Entry) -> Bool {
            deadline == other.deadline ? stamp < other.stamp : deadline < other.deadline
        }
    }

    private var heap: [Entry] = []
    private var current: [Int: UInt64] = [:]
    private var nextStamp: UInt64 = 0

    /// The earliest deadline.
    var next: Duration? {
        mutating get {
            discardCancelled()
            return heap.first?.deadline
        }
    }

    /// Sets the slot's deadline in place of any earlier one.
    mutating func set(_ slot: Int, at deadline: Duration) {
        nextStamp += 1
        current[slot] = nextStamp
        if heap.count > 64, heap.count > current.count * 2 { compact() }
        heap.append(Entry(deadline: deadline, stamp: nextStamp, slot: slot))
        siftUp(heap.count - 1)
    }

    /// Forgets the slot's deadline.
    mutating func cancel(_ slot: Int) {
        guard !current.isEmpty, current.removeValue(forKey: slot) != nil else { return }
        if current.isEmpty { heap.removeAll() }
    }

    /// Takes the slot whose deadline has passed for longest.
    mutating func popDue(at now: Duration) -> Int? {
        discardCancelled()
        guard let first = heap.first, first.deadline <= now else { return nil }
        removeFirst()
        current[first.slot] = nil
        return first.slot
    }

    private mutating func discardCancelled() {
        while let first = heap.first, current[first.slot] != first.stamp {
            removeFirst()
        }
    }

    private mutating func compact() {
        let live = heap.filter { current[$0.slot] == $0.stamp }
        heap.removeAll(keepingCapacity: true)
        for entry in live {
            heap.append(entry)
            siftUp(heap.count - 1)
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown()
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].isBefore(heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func siftDown() {
        var index = 0
        while true {
            var smallest = index
            for child in (2 * index + 1)...(2 * index + 2)
            where child < heap.count && heap[child].isBefore(heap[smallest]) {
                smallest = child
            }
            guard smallest != index else { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
