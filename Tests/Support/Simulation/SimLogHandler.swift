import Foundation
import Logging

/// Rule 7 on the log: no secret in any line. Shows the lines when asked.
struct SimLogHandler: LogHandler {
    let world: SimWorld
    let shows: StreamLogHandler?
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    static func logger(_ world: SimWorld) -> Logger {
        let shows = ProcessInfo.processInfo.environment["ANYCODE_SIMULATION_SHOW"] != nil
        return Logger(label: "simulation") { label in
            SimLogHandler(world: world, shows: shows ? StreamLogHandler.standardError(label: label) : nil)
        }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = "\(event.message) \(event.metadata ?? [:])"
        world.check(!SimSecrets.leaks(line), "a secret reached the log: \(line)")
        shows?.log(event: event)
    }
}
