#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The signals of the whole process, taken by one thread: stops are passed on, orphans collected, the rest ignored.
struct ProcessSignals: Sendable {
    /// One element for each request to stop.
    let stops: AsyncStream<Void>
    private let stop: AsyncStream<Void>.Continuation

    /// Blocks the signals in this thread and those it starts.
    init() {
        (stops, stop) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        signal(SIGPIPE, SIG_IGN)
        var set = Self.taken
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Takes signals on this thread for as long as the process lives.
    func take() -> Never {
        var set = Self.taken
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            switch number {
            case SIGTERM, SIGINT: stop.yield()
            case SIGCHLD: Children.reapOrphans()
            default: break
            }
        }
    }

    private static var taken: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGCHLD, SIGHUP] { sigaddset(&set, number) }
        return set
    }
}
