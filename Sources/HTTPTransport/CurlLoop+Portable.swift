#if !os(Linux)
import CCurl

/// Where there is no epoll, libcurl waits for its sockets itself.
struct SocketPoller {
    private let wakeDescriptor: Int32

    init(wakeDescriptor: Int32) throws(HTTPError) {
        self.wakeDescriptor = wakeDescriptor
    }

    func close() {}

    func wait(_ multi: CurlLoop.OpaqueMulti, milliseconds: Int) {
        var wake = curl_waitfd(fd: wakeDescriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        curl_multi_poll(multi, &wake, 1, milliseconds < 0 ? 60_000 : Int32(clamping: milliseconds), nil)
    }
}

extension CurlLoop {
    func installCallbacks() {}

    /// Waits for sockets, libcurl's timers or a command, and lets libcurl work.
    func wait(milliseconds: Int) -> Bool {
        var running: Int32 = 0
        poller.wait(multi, milliseconds: milliseconds)
        curl_multi_perform(multi, &running)
        return true
    }
}
#endif
