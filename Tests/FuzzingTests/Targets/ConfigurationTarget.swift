@testable import AnycodeConfig

extension FuzzTarget {
    /// A configuration file is taken or refused with problems that name places in it; no problem shows a secret's value.
    static let configuration = FuzzTarget(name: "toml") { bytes throws(FuzzFailure) in
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        do throws(ConfigurationError) {
            _ = try Configuration.parse(text, environment: [:], supported: .everything)
        } catch {
            try require(!error.problems.isEmpty, "refused without a reason")
            let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).count
            for problem in error.problems {
                try require(!problem.message.isEmpty, "a problem without words")
                guard let line = problem.line else { continue }
                try require((1...lines + 1).contains(line), "line \(line) of \(lines): \(problem)")
            }
        }
    }
}
