/// One thing that is wrong, or worth a warning, in a configuration file. Never carries a string value from the file.
package struct ConfigurationProblem: Sendable, Hashable {
    package enum Code: String, Sendable, Hashable {
        case unreadable, syntax
        case unknownKey, wrongType, badValue, missing, placeholder, combination
        /// Right, but belongs to a provider, protocol or platform that this version does not have.
        case unavailable
        /// Warning: everybody may use the bot.
        case openAccess
        /// Warning: somebody else on this machine may read the file.
        case exposedFile
        /// Warning: works, with less protection or another effect than the person may expect.
        case caution
    }

    package var code: Code
    package var file: String
    /// Counted from 1; `nil` where the problem has no place, as for a section that is absent.
    package var line: Int?
    /// Dotted path of the key; empty where the file as a whole is meant.
    package var key: String
    package var message: String
    /// What to do next.
    package var hint: String?

    package init(
        _ code: Code, file: String, line: Int? = nil, key: String = "", message: String, hint: String? = nil
    ) {
        self.code = code
        self.file = file
        self.line = line
        self.key = key
        self.message = message
        self.hint = hint
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// `config.toml:12: telegram.bot_tokn: unknown key; did you mean "bot_token"?`
    package var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return [place, key, [message, hint].compactMap(\.self).joined(separator: "; ")]
            .filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

/// Why a configuration was refused: every problem of the file at once, in the order of its lines.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    package init(problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    package var code: ConfigurationProblem.Code { problems.first?.code ?? .unreadable }

    package var message: String {
        problems.count == 1 ? "The configuration has a problem." : "The configuration has \(problems.count) problems."
    }

    package var hint: String { problems.map(\.description).joined(separator: "\n") }

    package var description: String { "\(message)\n\(hint)" }
}
