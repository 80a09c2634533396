#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The signals of the whole process, taken by one thread: stops are passed on, orphans collected, the rest ignored.
struct ProcessSignals: Sendable {
    /// One element for each request to stop.
    let stops: AsyncStream<Void>

    private static let taken = [SIGTERM, SIGINT, SIGCHLD, SIGHUP]

    /// Blocks the signals in this thread and those it starts.
    static func block() {
        signal(SIGPIPE, SIG_IGN)
        var set = Self.set()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    init() {
        let (stops, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.stops = stops
        Thread.detach {
            var set = Self.set()
            while true {
                var number: Int32 = 0
                guard sigwait(&set, &number) == 0 else { continue }
                switch number {
                case SIGTERM, SIGINT: continuation.yield()
                case SIGCHLD: Children.reapOrphans()
                default: break
                }
            }
        }
    }

    private static func set() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in taken { sigaddset(&set, number) }
        return set
    }
}
