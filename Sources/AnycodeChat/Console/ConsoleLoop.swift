import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The console's own thread: runs its actor and waits for input, so that neither a slow terminal nor
/// `fsync` nor a silent keyboard holds up the cooperative pool.
final class ConsoleLoop: SerialExecutor {
    enum Happening: Sendable {
        case input([UInt8])
        case endOfInput
        case resized
        case stopRequested
        case continued
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var isWoken = false
        var isStopped = false
        var input: Int32?
        var handler: (@Sendable (Happening) -> Void)?
        var thread: pthread_t?
    }

    private let state = Mutex(State())
    /// A pipe: one end for waking the thread, from signal handlers too.
    private let wakeRead: Int32
    let wakeWrite: Int32

    static let wake = UInt8(ascii: "w")
    static let resize = UInt8(ascii: "r")
    static let stop = UInt8(ascii: "s")
    static let proceed = UInt8(ascii: "c")

    init() throws(ConsoleError) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            throw ConsoleError(
                code: .descriptorsUnusable, message: "No pipe can be opened",
                hint: "Raise the limit of open files (ulimit -n).")
        }
        (wakeRead, wakeWrite) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
        }
        try startThread()
    }

    deinit {
        close(wakeRead)
        close(wakeWrite)
    }

    private func startThread() throws(ConsoleError) {
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(&thread, nil, consoleLoopMain, context.toOpaque())
        guard status == 0 else {
            context.release()
            throw ConsoleError(
                code: .descriptorsUnusable, message: "No thread can be started", hint: "Raise the limit of threads.")
        }
        // Nobody waits for its end, with which the system is to take its stack back.
        #if canImport(Darwin)
        if let thread { pthread_detach(thread) }
        #else
        pthread_detach(thread)
        #endif
    }

    // MARK: Executor

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustWake = state.withLock { state in
            state.jobs.append(job)
            defer { state.isWoken = true }
            return !state.isWoken
        }
        if mustWake { signal(Self.wake) }
    }

    func checkIsolated() {
        precondition(isOnThread, "outside of the console's thread")
    }

    func isIsolatingCurrentContext() -> Bool? { isOnThread }

    private var isOnThread: Bool {
        state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    // MARK: Control

    /// Delivers input, on the loop's thread, until `stopReading`.
    func read(_ descriptor: Int32, handler: @escaping @Sendable (Happening) -> Void) {
        state.withLock {
            $0.input = descriptor
            $0.handler = handler
        }
        signal(Self.wake)
    }

    func stopReading() {
        state.withLock { $0.input = nil }
        signal(Self.wake)
    }

    /// Ends the thread once its jobs are done.
    func shutDown() {
        state.withLock {
            $0.isStopped = true
            $0.handler = nil
        }
        signal(Self.wake)
    }

    private func signal(_ byte: UInt8) {
        // A full pipe wakes the thread as well.
        _ = withUnsafePointer(to: byte) { write(wakeWrite, $0, 1) }
    }

    // MARK: Thread

    fileprivate func main() {
        state.withLock { $0.thread = pthread_self() }
        while true {
            runJobs()
            let (isStopped, input) = state.withLock { ($0.isStopped, $0.input) }
            if isStopped { break }
            var descriptors = [pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0)]
            if let input { descriptors.append(pollfd(fd: input, events: Int16(POLLIN), revents: 0)) }
            guard poll(&descriptors, nfds_t(descriptors.count), -1) > 0 else { continue }
            if descriptors[0].revents != 0 { drainWakeUps() }
            if let input, descriptors[1].revents != 0, state.withLock({ $0.input == input }) { readInput(input) }
        }
        runJobs()
    }

    private func runJobs() {
        while true {
            let jobs = state.withLock { state in
                state.isWoken = false
                defer { state.jobs = [] }
                return state.jobs
            }
            if jobs.isEmpty { return }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    private func drainWakeUps() {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = Int(Self.readBytes(wakeRead, &buffer))
        for byte in buffer.prefix(max(count, 0)) {
            switch byte {
            case Self.resize: deliver(.resized)
            case Self.stop: deliver(.stopRequested)
            case Self.proceed: deliver(.continued)
            default: break
            }
        }
    }

    private func readInput(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Self.readBytes(descriptor, &buffer)
        if count > 0 {
            deliver(.input(Array(buffer[..<count])))
        } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
            state.withLock { $0.input = nil }
            deliver(.endOfInput)
        }
    }

    private static func readBytes(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int {
        #if canImport(Glibc)
        Glibc.read(descriptor, &buffer, buffer.count)
        #else
        Darwin.read(descriptor, &buffer, buffer.count)
        #endif
    }

    private func deliver(_ happening: Happening) {
        state.withLock { $0.handler }?(happening)
    }
}

#if canImport(Darwin)
private func consoleLoopMain(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<ConsoleLoop>.fromOpaque(context).takeRetainedValue().main()
    return nil
}
#else
private func consoleLoopMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<ConsoleLoop>.fromOpaque(context).takeRetainedValue().main()
    return nil
}
#endif
