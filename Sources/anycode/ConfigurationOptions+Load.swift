import AnycodeConfig
import ArgumentParser
import Foundation

extension ConfigurationOptions {
    /// Reads the file, or ends the process telling everything that is wrong with it.
    func load() throws -> Configuration {
        do {
            let configuration = try Configuration.load(path: config)
            for warning in configuration.warnings { Terminal.complain("warning: \(warning)") }
            return configuration
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode(78)
        }
    }
}

/// The process's own terminal, for what is said before and beside the chat.
enum Terminal {
    /// Whether a person sits there: both ways.
    static var isAttached: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    static func say(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}
