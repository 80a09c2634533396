import Synchronization

/// Runs a tree's jobs on the calling thread, when and as long as a test says so, in an order that a seed decides.
final class StepExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var random: SeededRandom
        var jobsRun = 0
    }

    private let state: Mutex<State>
    private let shuffles: Bool

    /// Without a seed jobs run in the order in which they came.
    init(seed: UInt64? = nil) {
        shuffles = seed != nil
        state = Mutex(State(random: SeededRandom(seed: seed ?? 0)))
    }

    var jobsRun: Int { state.withLock { $0.jobsRun } }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// Runs jobs until there are none.
    func drain() {
        while step() {}
    }

    /// Runs one job; false when there is none.
    @discardableResult
    func step() -> Bool {
        let job = state.withLock { state -> UnownedJob? in
            guard !state.jobs.isEmpty else { return nil }
            state.jobsRun += 1
            let index = shuffles ? Int.random(in: 0..<state.jobs.count, using: &state.random) : 0
            return state.jobs.remove(at: index)
        }
        guard let job else { return false }
        job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }

    /// Drops all jobs that wait, as the end of the process would.
    func drop() {
        state.withLock { $0.jobs = [] }
    }
}

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
