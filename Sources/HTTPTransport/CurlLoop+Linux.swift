#if os(Linux)
import CCurl

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The epoll instance with its event buffer.
struct SocketPoller {
    private let epoll: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: 256)

    init(wakeDescriptor: Int32) throws(HTTPError) {
        epoll = ccurl_epoll_create()
        if epoll < 0 || ccurl_epoll_set(epoll, wakeDescriptor, 0, 1, 0) != 0 {
            throw HTTPError(.internal, "No more file descriptors.", hint: "Raise the limit (ulimit -n).")
        }
    }

    func close() {
        closeDescriptor(epoll)
    }

    /// Follows what libcurl wants to know about a socket.
    func set(_ socket: curl_socket_t, isKnown: Bool, reads: Bool, writes: Bool) {
        let result = ccurl_epoll_set(epoll, socket, isKnown ? 1 : 0, reads ? 1 : 0, writes ? 1 : 0)
        // A descriptor number closed and given out again between two calls is not what it was.
        if result != 0, reads || writes, errno == EEXIST || errno == ENOENT {
            _ = ccurl_epoll_set(epoll, socket, isKnown ? 0 : 1, reads ? 1 : 0, writes ? 1 : 0)
        }
    }

    /// Appends each ready descriptor with libcurl's event bits.
    mutating func wait(milliseconds: Int, into ready: inout [(socket: Int32, bits: Int32)]) {
        let count = epoll_wait(epoll, &events, Int32(events.count), Int32(clamping: milliseconds))
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            ready.append((events[index].data.fd, ccurl_epoll_bits(&events[index])))
        }
    }
}

extension CurlLoop {
    func installCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = ccurl_multi_set_socket(
            multi,
            { _, socket, what, context, known in
                guard let context else { return 0 }
                let loop = Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue()
                loop.watch(socket, what, isKnown: known != nil)
                return 0
            }, context)
        _ = ccurl_multi_set_timer(
            multi,
            { _, milliseconds, context in
                guard let context else { return 0 }
                let loop = Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue()
                loop.curlDeadline = milliseconds < 0 ? nil : MonotonicClock.milliseconds() + milliseconds
                return 0
            }, context)
    }

    private func watch(_ socket: curl_socket_t, _ what: Int32, isKnown: Bool) {
        if what == CURL_POLL_REMOVE {
            poller.set(socket, isKnown: isKnown, reads: false, writes: false)
            return
        }
        poller.set(socket, isKnown: isKnown, reads: what & CURL_POLL_IN != 0, writes: what & CURL_POLL_OUT != 0)
        // Any pointer serves as the mark of a socket that is known.
        if !isKnown { curl_multi_assign(multi, socket, multi) }
    }

    /// Waits for sockets, the timer or a command, and lets libcurl work. Tells whether there may be commands.
    func wait(milliseconds: Int) -> Bool {
        var running: Int32 = 0
        var isWoken = false
        // The callbacks change the poller while libcurl works: take the ready list out first.
        ready.removeAll(keepingCapacity: true)
        poller.wait(milliseconds: milliseconds, into: &ready)
        for (socket, bits) in ready {
            if socket == inbox.wakeDescriptor {
                isWoken = true
            } else {
                curl_multi_socket_action(multi, socket, bits, &running)
            }
        }
        if let deadline = curlDeadline, deadline <= MonotonicClock.milliseconds() {
            curlDeadline = nil
            curl_multi_socket_action(multi, curl_socket_t(-1), 0, &running)
        }
        return isWoken
    }
}
#endif
