#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension ConsolePlatform {
    /// How the console appears.
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        /// A terminal where input and output are one (and `TERM` is not `dumb`), else lines.
        case auto
        case terminal
        case lines
    }

    /// What the console needs to know.
    package struct Configuration: Sendable {
        /// Where the journal lives; made when missing.
        package var journalDirectory: String
        /// The descriptor that people's words come from; not closed by the console.
        package var input: Int32
        package var output: Int32
        package var mode: Mode
        /// Whether the first option of every question is chosen without a person.
        ///
        /// Dangerous buttons are never chosen, nor those of messages that do not ring.
        package var autoAnswer: Bool
        /// Whether the end of input means that the person has quit.
        package var endsAtEndOfInput: Bool
        /// Whether colours are used. `nil`: unless `NO_COLOR` is set.
        package var colour: Bool?
        /// Whether the process's signals for the terminal (size, stop, termination) are handled.
        package var handlesSignals: Bool
        /// How long a streaming message must pause before an incomplete line is printed, in line mode.
        package var pause: Duration
        package var clock: any Clock<Duration>
        /// The time that events carry.
        package var now: @Sendable () -> Date
        /// The environment that `TERM` and `NO_COLOR` are read from.
        package var environment: [String: String]
        /// Names a new journal: eight lowercase hexadecimal digits.
        package var makeIdentity: @Sendable () -> String

        package init(
            journalDirectory: String, input: Int32 = 0, output: Int32 = 1, mode: Mode = .auto,
            autoAnswer: Bool = false, endsAtEndOfInput: Bool = false, colour: Bool? = nil,
            handlesSignals: Bool = true, pause: Duration = .milliseconds(700),
            clock: any Clock<Duration> = ContinuousClock(), now: @escaping @Sendable () -> Date = { Date() },
            environment: [String: String] = ProcessInfo.processInfo.environment,
            makeIdentity: @escaping @Sendable () -> String = Self.randomIdentity
        ) {
            self.journalDirectory = journalDirectory
            self.input = input
            self.output = output
            self.mode = mode
            self.autoAnswer = autoAnswer
            self.endsAtEndOfInput = endsAtEndOfInput
            self.colour = colour
            self.handlesSignals = handlesSignals
            self.pause = pause
            self.clock = clock
            self.now = now
            self.environment = environment
            self.makeIdentity = makeIdentity
        }

        /// Eight random hexadecimal digits.
        package static func randomIdentity() -> String {
            let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }

        /// Whether the console draws on a terminal.
        var drawsOnTerminal: Bool {
            switch mode {
            case .lines: false
            case .terminal: true
            case .auto:
                TerminalDevice.isTerminal(input) && TerminalDevice.isTerminal(output) && environment["TERM"] != "dumb"
            }
        }

        /// See https://no-color.org: any value but the empty one counts.
        var usesColour: Bool { colour ?? (environment["NO_COLOR"] ?? "").isEmpty }
    }
}
