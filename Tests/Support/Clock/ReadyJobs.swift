/// Jobs ready to run, each with the number it came as.
struct ReadyJobs {
    typealias Entry = (job: UnownedJob, number: UInt64)

    private var entries: [Entry] = []
    private var firstIndex = 0
    private var lastNumber: UInt64 = 0
    private var generator: SplitMix64?

    init(_ order: SingleThreadTaskExecutor.Order) {
        if case .seeded(let seed) = order { generator = SplitMix64(seed: seed) }
    }

    var count: Int { entries.count - firstIndex }

    mutating func append(_ job: UnownedJob) {
        lastNumber += 1
        entries.append((job, lastNumber))
    }

    mutating func take() -> Entry? {
        guard count > 0 else { return nil }
        guard var generator else { return takeFirst() }
        let index = Int(generator.next(upperBound: UInt64(entries.count)))
        self.generator = generator
        entries.swapAt(index, entries.count - 1)
        return entries.removeLast()
    }

    /// Forgets them all; returns how many there were.
    mutating func removeAll() -> Int {
        defer {
            entries = []
            firstIndex = 0
        }
        return count
    }

    private mutating func takeFirst() -> Entry {
        defer {
            firstIndex += 1
            if firstIndex == entries.count || firstIndex > 1024 {
                entries.removeFirst(firstIndex)
                firstIndex = 0
            }
        }
        return entries[firstIndex]
    }
}

/// The order in which jobs ran, folded into one number (FNV-1a over their numbers).
struct JobTrace {
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var count = 0

    mutating func record(_ number: UInt64) {
        hash = (hash ^ number) &* 0x0000_0100_0000_01b3
        count += 1
    }
}
