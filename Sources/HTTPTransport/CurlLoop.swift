import CCurl

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The one thread on which libcurl runs.
///
/// Nothing here is shared: everything comes in through the inbox and goes out through exchanges.
final class CurlLoop {
    let multi: OpaqueMulti
    let inbox: LoopInbox
    private let configuration: HTTPClient.Configuration
    private let awaited = AwaitedExchanges()
    private var transfers: [ObjectIdentifier: CurlTransfer] = [:]
    /// When libcurl wants to be called, in milliseconds of the monotonic clock.
    var curlDeadline: Int?
    private var idleDeadline: Int?
    var poller: SocketPoller
    /// Ready sockets and their event bits; kept for its storage.
    var ready: [(socket: Int32, bits: Int32)] = []

    typealias OpaqueMulti = UnsafeMutableRawPointer

    private init(multi: OpaqueMulti, poller: SocketPoller, inbox: LoopInbox, configuration: HTTPClient.Configuration) {
        self.multi = multi
        self.poller = poller
        self.inbox = inbox
        self.configuration = configuration
    }

    /// Starts a thread and returns the way to it.
    static func start(_ configuration: HTTPClient.Configuration) throws(HTTPError) -> LoopInbox {
        _ = globalState
        let inbox = try LoopInbox()
        let poller = try SocketPoller(wakeDescriptor: inbox.wakeDescriptor)
        try DetachedThread.start(name: "http") {
            defer { inbox.closed() }
            guard let multi = curl_multi_init() else { return poller.close() }
            let loop = CurlLoop(multi: multi, poller: poller, inbox: inbox, configuration: configuration)
            loop.run()
            curl_multi_cleanup(multi)
            loop.poller.close()
        }
        return inbox
    }

    private static let globalState: CURLcode = curl_global_init(Int(CURL_GLOBAL_ALL))

    private func run() {
        installCallbacks()
        var pace = Pace()
        while true {
            pace.keep(transfers.count)
            if wait(milliseconds: waitingTime()) {
                let (commands, isClosing) = inbox.take()
                for command in commands { execute(command) }
                if isClosing { return endAll() }
            }
            finishCompleted()
            checkIdle()
            awaited.deliver()
        }
    }

    private func execute(_ command: LoopInbox.Command) {
        switch command {
        case .start(let exchange):
            start(exchange)
        case .abort(let id):
            if let transfer = transfers.removeValue(forKey: id) { transfer.close(multi) }
        case .resume(let id):
            transfers[id]?.resume(now: MonotonicClock.milliseconds())
        }
    }

    private func start(_ exchange: any Exchange) {
        guard !exchange.isOver else { return }
        do throws(HTTPError) {
            let now = MonotonicClock.milliseconds()
            let transfer = try CurlTransfer(exchange, configuration, awaited: awaited, now: now)
            transfers[ObjectIdentifier(exchange)] = transfer
            let code = curl_multi_add_handle(multi, transfer.easy)
            if code != CURLM_OK {
                transfers[ObjectIdentifier(exchange)] = nil
                transfer.close(nil)
                exchange.finish(HTTPError(.internal, String(cString: curl_multi_strerror(code)), delivery: .notSent))
            } else if let idle = transfer.idleLimit {
                idleDeadline = min(idleDeadline ?? .max, now + idle)
            }
        } catch {
            exchange.finish(error)
        }
    }

    private func waitingTime() -> Int {
        guard let deadline = [curlDeadline, idleDeadline].compactMap({ $0 }).min() else { return -1 }
        return max(0, deadline - MonotonicClock.milliseconds())
    }

    private func finishCompleted() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let transfer = CurlTransfer.of(easy)
            else { continue }
            let error = transfer.error(for: message.pointee.data.result)
            transfers[ObjectIdentifier(transfer.exchange)] = nil
            let exchange = transfer.exchange
            transfer.close(multi)
            exchange.finish(error)
        }
    }

    /// Ends silent transfers. Looks at all of them, but not before the first can be due.
    private func checkIdle() {
        guard let due = idleDeadline else { return }
        let now = MonotonicClock.milliseconds()
        guard now >= due else { return }
        idleDeadline = nil
        var silent: [CurlTransfer] = []
        for transfer in transfers.values {
            guard let deadline = transfer.idleDeadline(now: now) else { continue }
            if deadline <= now {
                silent.append(transfer)
            } else {
                idleDeadline = min(idleDeadline ?? .max, deadline)
            }
        }
        for transfer in silent {
            let exchange = transfer.exchange
            transfers[ObjectIdentifier(exchange)] = nil
            transfer.close(multi)
            exchange.finish(.idle(exchange.request))
        }
    }

    private func endAll() {
        for transfer in transfers.values {
            let exchange = transfer.exchange
            transfer.close(multi)
            exchange.finish(.shutdown(exchange.request))
        }
        transfers = [:]
    }
}
