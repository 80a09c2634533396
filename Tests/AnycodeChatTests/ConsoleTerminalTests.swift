import AnycodeCore
import Foundation
import Testing

@testable import AnycodeChat

/// The console on a real pseudo-terminal. Serialised: raw mode's rescue at exit knows one terminal.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ConsoleTerminalTests {
    @Test func linesAreEditedSentAndQuitGivesTheTerminalBack() async throws {
        let terminal = try PseudoTerminal(columns: 50, rows: 14)
        let console = try terminal.console()
        let inbox = RecordingInbox()
        let before = terminal.mode
        let running = Task { try await console.run(inbox: inbox) { _ in } }
        await terminal.wait { $0.screen.contains { $0.hasPrefix("›") } }
        #expect(terminal.mode != before)
        terminal.type("helo wörld\u{1B}b\u{1B}[D\u{1B}[Dl")
        await terminal.wait { $0.screen.contains("› hello wörld") }
        let question = OutgoingMessage(
            markdown: "**Run** `ls`?", buttons: [[ChatButton(label: "Yes", token: "tok")]], rings: true)
        _ = try await console.send(question, to: ConsolePlatform.conversation, nonce: "q")
        await terminal.wait { $0.screen.contains("     [1] Yes") && $0.screen.contains("› hello wörld") }
        terminal.type("\r1\r")
        let events = await inbox.first(2)
        guard case .text(let text) = events[0].content, case .click(let click) = events[1].content else {
            Issue.record("wrong kinds: \(events)")
            return
        }
        #expect(text.text == "hello wörld")
        #expect(click.token == "tok")
        terminal.type("x\u{03}\u{03}")
        await terminal.wait { $0.screen.contains("  ctrl-c again quits") }
        terminal.type("\u{03}")
        await console.waitForQuit()
        #expect(terminal.mode == before)
        await terminal.wait { !$0.screen.contains { $0.hasPrefix("›") } && $0.isCursorVisible }
        running.cancel()
        _ = await running.result
        #expect(terminal.emulator.complaints == [])
    }

    @Test func cancellationGivesTheTerminalBack() async throws {
        let terminal = try PseudoTerminal(columns: 50, rows: 14)
        let console = try terminal.console()
        let before = terminal.mode
        let running = Task { try await console.run(inbox: RecordingInbox()) { _ in } }
        await terminal.wait { $0.screen.contains { $0.hasPrefix("›") } }
        running.cancel()
        _ = await running.result
        #expect(terminal.mode == before)
    }
}

/// A pseudo-terminal with an emulator at its far end. Used by one test alone.
private final class PseudoTerminal {
    private var main: Int32 = -1
    private var line: Int32 = -1
    private let directory = FileManager.default.temporaryDirectory.appending(path: "console-\(UUID())").path
    private(set) var emulator: TerminalEmulator
    private var undecoded: [UInt8] = []

    init(columns: Int, rows: Int) throws {
        emulator = TerminalEmulator(columns: columns, rows: rows)
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        guard openpty(&main, &line, nil, nil, &size) == 0 else { throw POSIXError(.ENOTTY) }
        _ = fcntl(main, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(main)
        close(line)
        try? FileManager.default.removeItem(atPath: directory)
    }

    func console() throws -> ConsolePlatform {
        try ConsolePlatform(
            configuration: .init(
                journalDirectory: directory, input: line, output: line, handlesSignals: false,
                environment: ["TERM": "xterm-256color"]))
    }

    /// The local flags, which raw mode changes.
    var mode: UInt32 {
        var mode = termios()
        tcgetattr(line, &mode)
        return UInt32(mode.c_lflag)
    }

    func type(_ text: String) {
        _ = DescriptorOutput.write(Array(text.utf8), to: main)
    }

    func wait(until condition: (TerminalEmulator) -> Bool) async {
        while !condition(emulator) {
            await Task.yield()
            if Task.isCancelled { return }
            pump()
        }
    }

    private func pump() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(main, &buffer, buffer.count)
        guard count > 0 else { return }
        undecoded += buffer[..<count]
        guard let text = String(validating: undecoded, as: UTF8.self), !text.hasSuffix("\r"),
            text.lastIndex(of: "\u{1B}").map({ text[$0...].dropFirst(2).contains { $0.isLetter } }) ?? true
        else { return }
        undecoded = []
        emulator.feed(text)
    }
}
