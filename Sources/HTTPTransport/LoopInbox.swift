import CCurl
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The way to the loop thread: a queue of commands and a descriptor that wakes it.
final class LoopInbox: Sendable {
    enum Command: Sendable {
        case start(any Exchange)
        case abort(ObjectIdentifier)
        case resume(ObjectIdentifier)
    }

    private struct State {
        var commands: [Command] = []
        var isClosing = false
        var isClosed = false
        var closeWaiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Readable when there are commands. The write end is the same on Linux.
    let wakeDescriptor: Int32
    private let wakeWriteDescriptor: Int32
    private let state = Mutex(State())

    init() throws(HTTPError) {
        #if os(Linux)
        wakeDescriptor = ccurl_eventfd_create()
        wakeWriteDescriptor = wakeDescriptor
        let failed = wakeDescriptor < 0
        #else
        var ends: [Int32] = [-1, -1]
        let failed = pipe(&ends) != 0
        (wakeDescriptor, wakeWriteDescriptor) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        #endif
        if failed { throw HTTPError(.internal, "No more file descriptors.", hint: "Raise the limit (ulimit -n).") }
    }

    deinit {
        closeDescriptor(wakeDescriptor)
        if wakeWriteDescriptor != wakeDescriptor { closeDescriptor(wakeWriteDescriptor) }
    }

    /// Hands a request to the loop, or ends it when the loop is closing.
    func start(_ exchange: any Exchange) {
        if !post(.start(exchange)) { exchange.finish(.shutdown(exchange.request)) }
    }

    @discardableResult
    func post(_ command: Command) -> Bool {
        let (accepted, wakes) = state.withLock { state in
            if state.isClosing { return (false, false) }
            state.commands.append(command)
            return (true, state.commands.count == 1)
        }
        if wakes { wake() }
        return accepted
    }

    /// Takes all commands and empties the wake descriptor. Called by the loop thread.
    func take() -> (commands: [Command], isClosing: Bool) {
        var drained: (UInt64, UInt64) = (0, 0)
        _ = withUnsafeMutableBytes(of: &drained) { read(wakeDescriptor, $0.baseAddress, $0.count) }
        return state.withLock { state in
            let commands = state.commands
            state.commands = []
            return (commands, state.isClosing)
        }
    }

    /// Asks the loop to end and waits until it has.
    func close() async {
        await withCheckedContinuation { waiter in
            let closed = state.withLock { state in
                state.isClosing = true
                if !state.isClosed { state.closeWaiters.append(waiter) }
                return state.isClosed
            }
            if closed { waiter.resume() } else { wake() }
        }
    }

    /// Tells that the loop thread is done, for whatever reason; ends what it did not take.
    func closed() {
        let (commands, waiters) = state.withLock { state in
            state.isClosing = true
            state.isClosed = true
            defer { (state.commands, state.closeWaiters) = ([], []) }
            return (state.commands, state.closeWaiters)
        }
        for case .start(let exchange) in commands { exchange.finish(.shutdown(exchange.request)) }
        for waiter in waiters { waiter.resume() }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = withUnsafeBytes(of: &one) { write(wakeWriteDescriptor, $0.baseAddress, $0.count) }
    }
}

/// `close` of the C library, by a name that no method hides.
func closeDescriptor(_ descriptor: Int32) {
    _ = close(descriptor)
}
