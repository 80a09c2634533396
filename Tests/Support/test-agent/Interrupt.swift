import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A pipe whose closing wakes every `poll` on it: how one thread ends another's waiting.
final class Interrupt: Sendable {
    /// Becomes readable when raised, and stays so.
    let descriptor: Int32
    private let writer: Mutex<Int32?>

    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        descriptor = ends[0]
        writer = Mutex(ends[1])
    }

    deinit {
        raise()
        close(descriptor)
    }

    func raise() {
        writer.withLock { writer in
            if let end = writer { close(end) }
            writer = nil
        }
    }

    var isRaised: Bool { writer.withLock { $0 == nil } }

    /// Waits until `other` can be read.
    /// - Throws: `TurnEnd.cancelled` when this is raised first, or already.
    /// - Returns: false when `milliseconds` passed.
    @discardableResult
    func wait(for other: Int32?, milliseconds: Int32 = -1) throws(TurnEnd) -> Bool {
        var waiting = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        if let other { waiting.append(pollfd(fd: other, events: Int16(POLLIN), revents: 0)) }
        while true {
            let count = poll(&waiting, nfds_t(waiting.count), milliseconds)
            if waiting[0].revents != 0 { throw .cancelled }
            if count > 0 { return true }
            if count == 0 { return false }
            if errno != EINTR { throw .failed("poll failed: \(systemMessage())") }
        }
    }
}

/// Why a turn ends early.
enum TurnEnd: Error {
    case cancelled
    /// In words for the person.
    case failed(String)
}

/// What the system says about the last error.
func systemMessage() -> String {
    String(cString: strerror(errno))
}

/// Runs `body` on a thread of its own; blocking there blocks nobody else.
func onThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    #if canImport(Glibc)
    var thread = pthread_t()
    #else
    var thread: pthread_t?
    #endif
    let box = Unmanaged.passRetained(Box(body))
    let failure = pthread_create(
        &thread, nil,
        { argument in
            #if canImport(Glibc)
            guard let argument else { return nil }
            #endif
            Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    if failure != 0 {
        box.release()
        body()
    }
}
