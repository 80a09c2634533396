import AnycodeConfig
import Foundation
import Logging

/// Where log lines go: to standard error, as JSON unless it is a terminal; to a file where the terminal is the chat.
enum LoggingSetup {
    static func start(_ log: Configuration.Log, file: String? = nil) {
        let named = ProcessInfo.processInfo.environment["ANYCODE_LOG"].flatMap {
            Logger.Level(rawValue: $0.lowercased())
        }
        let level = named ?? Logger.Level(rawValue: log.level.rawValue) ?? .info
        let output = file.flatMap(LogOutput.init(appendingTo:)) ?? LogOutput.standardError
        let isJSON =
            switch log.format {
            case .json: true
            case .text: false
            case .auto: file == nil && isatty(STDERR_FILENO) == 0
            }
        LoggingSystem.bootstrap { label in LineLogHandler(label: label, level: level, isJSON: isJSON, output: output) }
    }
}

/// A descriptor that whole lines are appended to.
struct LogOutput: Sendable {
    let descriptor: Int32

    static let standardError = LogOutput(descriptor: STDERR_FILENO)

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    init?(appendingTo path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        self.init(descriptor: descriptor)
    }

    func write(_ line: String) {
        let bytes = Array(line.utf8)
        _ = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    }
}

/// One line per event, as text or JSON.
struct LineLogHandler: LogHandler {
    let label: String
    let isJSON: Bool
    let output: LogOutput
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(label: String, level: Logger.Level, isJSON: Bool, output: LogOutput) {
        self.label = label
        self.isJSON = isJSON
        self.output = output
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let time = Date().formatted(.iso8601)
        output.write(
            isJSON
                ? json(time, event.level, event.message.description, all)
                : text(time, event.level, event.message.description, all))
    }

    private func text(_ time: String, _ level: Logger.Level, _ message: String, _ all: Logger.Metadata) -> String {
        let fields = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        return "\(time) \(level) \(message)\(fields)\n"
    }

    private func json(_ time: String, _ level: Logger.Level, _ message: String, _ all: Logger.Metadata) -> String {
        var fields = all.mapValues { "\($0)" }
        fields["time"] = time
        fields["level"] = level.rawValue
        fields["message"] = message
        fields["logger"] = label
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = (try? encoder.encode(fields)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return line + "\n"
    }
}
