import CSandboxSystem
import Foundation
import Synchronization

/// One of our programs, as a process of its own: its words come in, ours go to it.
final class RunningProgram: Sendable {
    struct Silence: Error, CustomStringConvertible {
        let description: String
    }

    let pid: Int32
    /// Standard output; in a terminal everything.
    let output = OutputLog()
    let errors = OutputLog()
    /// The program's terminal as the program sees it; -1 without one.
    let terminal: Int32
    private let input: Int32
    private let modeAtStart: termios
    private let place = Mutex(0)
    private let exitCode = Mutex<Int32?>(nil)

    /// - Parameter terminal: Whether it gets a terminal of 100 columns and 40 rows instead of pipes.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], terminal wantsTerminal: Bool = false
    ) throws {
        var ends: [Int32]
        var mode = termios()
        if wantsTerminal {
            var (main, side) = (Int32(-1), Int32(-1))
            var size = winsize(ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
            guard openpty(&main, &side, nil, nil, &size) == 0 else { throw POSIXError(.ENOTTY) }
            for descriptor in [main, side] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            ends = [side, side, side]
            (input, terminal) = (main, side)
            tcgetattr(side, &mode)
            Self.read(fcntl(main, F_DUPFD_CLOEXEC, 0), into: output)
            errors.end()
        } else {
            let (toProgram, fromProgram, complaints) = (try Self.pipe(), try Self.pipe(), try Self.pipe())
            ends = [toProgram[0], fromProgram[1], complaints[1]]
            (input, terminal) = (toProgram[1], -1)
            Self.read(fromProgram[0], into: output)
            Self.read(complaints[0], into: errors)
        }
        modeAtStart = mode
        var pid: Int32 = -1
        let words = ([path] + arguments).map { strdup($0) } + [nil]
        let values = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + values { free(word) } }
        let status = anycode_sandbox_spawn(&pid, path, words, values, &ends, 3)
        if !wantsTerminal { for end in ends { close(end) } }
        guard status == 0 else { throw Silence(description: "\(path) cannot be started: error \(errno)") }
        self.pid = pid
    }

    deinit {
        close(input)
        if terminal >= 0 { close(terminal) }
    }

    // MARK: Talking

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
    }

    func enter(_ line: String) {
        type(line + (terminal >= 0 ? "\r" : "\n"))
    }

    /// Waits until the pattern stands in what was written since the last call; returns what its groups matched.
    @discardableResult
    func expect(
        _ pattern: String, within limit: Duration = .seconds(40)
    ) async throws -> [String] {
        let start = place.withLock { $0 }
        _ = await output.wait(within: limit) { text, hasEnded in
            hasEnded || Self.match(pattern, in: text, from: start) != nil
        }
        guard let found = Self.match(pattern, in: output.text, from: start) else {
            throw Silence(
                description: """
                    “\(pattern)” was not said. Since the last look:
                    \(output.text.dropFirst(start))
                    Errors: \(errors.text.suffix(3000))
                    """)
        }
        place.withLock { $0 = found.end }
        return found.groups
    }

    /// Waits for these words of the agent: other messages may be printed between them.
    func expect(saying text: String) async throws {
        let words = text.split(separator: " ").map { NSRegularExpression.escapedPattern(for: String($0)) }
        try await expect(words.joined(separator: #"[\s\S]{1,300}?"#))
    }

    /// Whether the pattern stands anywhere in what was written, now or soon.
    func says(_ pattern: String, within limit: Duration = .seconds(40)) async -> Bool {
        await output.wait(within: limit) { text, hasEnded in
            hasEnded || Self.match(pattern, in: text, from: 0) != nil
        } && Self.match(pattern, in: output.text, from: 0) != nil
    }

    /// Waits until the words stand so often in all that was written: for what several tasks say in any order.
    func expect(_ words: String, times: Int, within limit: Duration = .seconds(40)) async throws {
        @Sendable func count(_ text: String) -> Int { text.components(separatedBy: words).count - 1 }
        _ = await output.wait(within: limit) { text, hasEnded in hasEnded || count(text) >= times }
        guard count(output.text) == times else {
            throw Silence(
                description: """
                    “\(words)” was said \(count(output.text)) times, not \(times). All that was said:
                    \(output.text)
                    Errors: \(errors.text.suffix(3000))
                    """)
        }
    }

    /// Presses the button with this label once it is offered.
    func press(_ label: String) async throws {
        let pattern = #"\[(\d+)\]\s"# + NSRegularExpression.escapedPattern(for: label)
        let number = try await expect(pattern).first ?? ""
        enter(number)
    }

    private static func match(_ pattern: String, in text: String, from start: Int) -> (groups: [String], end: Int)? {
        let rest = String(text.dropFirst(start))
        guard let expression = try? NSRegularExpression(pattern: pattern),
            let found = expression.firstMatch(in: rest, range: NSRange(rest.startIndex..., in: rest)),
            let range = Range(found.range, in: rest)
        else { return nil }
        let groups = (1..<max(1, found.numberOfRanges)).map { index in
            Range(found.range(at: index), in: rest).map { String(rest[$0]) } ?? ""
        }
        return (groups, start + rest.distance(from: rest.startIndex, to: range.upperBound))
    }

    /// Whether the terminal is as it was before the program had it: echo, lines, signals, translation.
    var hasTerminalAsFound: Bool {
        var mode = termios()
        guard tcgetattr(terminal, &mode) == 0 else { return false }
        return mode.c_lflag == modeAtStart.c_lflag && mode.c_iflag == modeAtStart.c_iflag
            && mode.c_oflag == modeAtStart.c_oflag
    }

    // MARK: Ending

    /// Its exit code, or 128 and the signal's number; nil when it did not end in time.
    func end(within limit: Duration = .seconds(60)) async -> Int32? {
        if let code = exitCode.withLock({ $0 }) { return code }
        guard await ProcessEnd.wait(of: pid, within: limit) else { return nil }
        let code = exitCode.withLock { known -> Int32? in
            if known == nil {
                let status = anycode_reap(pid)
                if status >= 0 { known = status }
            }
            return known
        }
        // What it wrote last is still on its way.
        if terminal < 0 { _ = await output.wait(within: .seconds(5)) { $1 } }
        if terminal < 0 { _ = await errors.wait(within: .seconds(5)) { $1 } }
        return code
    }

    func signal(_ number: Int32) {
        if exitCode.withLock({ $0 }) == nil { kill(pid, number) }
    }

    /// As a power failure for this one process.
    func killNow() async {
        signal(SIGKILL)
        _ = await end()
    }

    var isRunning: Bool { exitCode.withLock { $0 } == nil && kill(pid, 0) == 0 }

    // MARK: Descriptors

    private static func pipe() throws -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard anycode_sandbox_pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        return ends
    }

    /// The thread owns the descriptor.
    private static func read(_ descriptor: Int32, into log: OutputLog) {
        let thread = Thread {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = Foundation.read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                log.append(Array(buffer[..<count]))
            }
            close(descriptor)
            log.end()
        }
        thread.start()
    }
}
