import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The terminal behind a pair of file descriptors: raw mode, size, signals.
struct TerminalDevice: Sendable {
    let input: Int32
    let output: Int32
    /// Where signal handlers report; `nil` leaves signals alone.
    let signalPipe: Int32?

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    var size: ConsoleScreen.Size {
        var size = winsize()
        guard ioctl(output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return ConsoleScreen.Size(columns: 80, rows: 24)
        }
        return ConsoleScreen.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Bracketed paste on and off (xterm's private mode 2004); the prompt goes with the latter.
    private static let enter = Array("\u{1B}[?2004h".utf8)
    fileprivate static let leave = Array("\r\u{1B}[J\u{1B}[?2004l\u{1B}[?7h\u{1B}[?25h\u{1B}[?2026l\u{1B}[0m".utf8)

    /// Takes keys one by one, without echo; the old state comes back with `restore`, at exit and on SIGTERM.
    func enterRawMode() {
        var mode = termios()
        guard tcgetattr(input, &mode) == 0 else { return }
        TerminalRescue.remember(mode, input: input, output: output)
        mode.c_iflag &= ~tcflag_t(ICRNL | IXON | BRKINT | INPCK | ISTRIP)
        mode.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG | IEXTEN)
        tcsetattr(input, TCSANOW, &mode)
        _ = DescriptorOutput.write(Self.enter, to: output)
        if let signalPipe { TerminalRescue.watchSignals(reportingTo: signalPipe) }
    }

    func restore() {
        TerminalRescue.restore(input: input)
    }

    /// Stops the process as ctrl-z does; returns when it continues.
    func suspend() {
        restore()
        guard signalPipe != nil else { return }
        signal(SIGTSTP, SIG_DFL)
        kill(0, SIGTSTP)
    }
}

/// Puts the terminal back whatever way the process ends, short of SIGKILL.
private enum TerminalRescue {
    struct Saved {
        var mode = termios()
        var input: Int32 = -1
        var output: Int32 = -1
        var isRaw = false
    }

    /// Read by signal handlers, which may neither lock nor allocate; written while no handler of ours is needed.
    nonisolated(unsafe) private static let saved: UnsafeMutablePointer<Saved> = {
        let pointer = UnsafeMutablePointer<Saved>.allocate(capacity: 1)
        pointer.initialize(to: Saved())
        return pointer
    }()
    nonisolated(unsafe) private static let leaving: UnsafeMutableBufferPointer<UInt8> = {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: TerminalDevice.leave.count)
        _ = buffer.initialize(from: TerminalDevice.leave)
        return buffer
    }()
    private static let pipe = Atomic<Int32>(-1)
    /// Registers the rescue at exit, once.
    private static let atExit: Void = {
        _ = leaving
        atexit { TerminalRescue.restoreNow() }
    }()

    static func remember(_ mode: termios, input: Int32, output: Int32) {
        atExit
        if saved.pointee.isRaw, saved.pointee.input == input { return }
        saved.pointee = Saved(mode: mode, input: input, output: output, isRaw: true)
    }

    static func restore(input: Int32) {
        if saved.pointee.input == input { restoreNow() }
    }

    /// Safe in a signal handler.
    static func restoreNow() {
        guard saved.pointee.isRaw else { return }
        saved.pointee.isRaw = false
        _ = write(saved.pointee.output, leaving.baseAddress, leaving.count)
        tcsetattr(saved.pointee.input, TCSANOW, &saved.pointee.mode)
    }

    static func watchSignals(reportingTo descriptor: Int32) {
        pipe.store(descriptor, ordering: .sequentiallyConsistent)
        install(SIGWINCH) { _ in TerminalRescue.report(ConsoleLoop.resize) }
        install(SIGTSTP) { _ in TerminalRescue.report(ConsoleLoop.stop) }
        install(SIGCONT) { _ in TerminalRescue.report(ConsoleLoop.proceed) }
        for fatal in [SIGTERM, SIGHUP] where isDefault(fatal) {
            install(fatal) { number in
                TerminalRescue.restoreNow()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    private static func report(_ byte: UInt8) {
        let kept = errno
        _ = withUnsafePointer(to: byte) { write(pipe.load(ordering: .sequentiallyConsistent), $0, 1) }
        errno = kept
    }

    private static func install(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
        var action = sigaction()
        #if canImport(Glibc)
        action.__sigaction_handler.sa_handler = handler
        #else
        action.__sigaction_u.__sa_handler = handler
        #endif
        action.sa_flags = Int32(SA_RESTART)
        sigaction(number, &action, nil)
    }

    private static func isDefault(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        #if canImport(Glibc)
        return action.__sigaction_handler.sa_handler == nil
        #else
        return action.__sigaction_u.__sa_handler == nil
        #endif
    }
}
