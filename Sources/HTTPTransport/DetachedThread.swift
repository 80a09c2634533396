import CCurl

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs a closure on a thread of its own, outside the pool for tasks.
enum DetachedThread {
    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            #if canImport(Darwin)
            pthread_setname_np(name)
            #else
            ccurl_name_thread(name)
            #endif
            body()
        }
    }

    /// Signals stay with the other threads: libcurl is told not to use any.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(HTTPError) {
        let context = Unmanaged.passRetained(Start(name: name, body: body)).toOpaque()
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        #if canImport(Darwin)
        var thread: pthread_t?
        let result = pthread_create(&thread, nil, { Self.enter($0) }, context)
        if result == 0, let thread { pthread_detach(thread) }
        #else
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, { Self.enter($0) }, context)
        if result == 0 { pthread_detach(thread) }
        #endif
        if result != 0 {
            Unmanaged<Start>.fromOpaque(context).release()
            throw HTTPError(.internal, "No more threads: \(String(cString: strerror(result))).")
        }
    }

    private static func enter(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let context { Unmanaged<Start>.fromOpaque(context).takeRetainedValue().run() }
        return nil
    }
}
