extension Configuration {
    package struct Database: Sendable, Equatable {
        package var path: String
        /// How long finished sessions are kept, with their transcripts and saves; `nil` is for ever.
        package var keep: Duration?
    }

    package struct Control: Sendable, Equatable {
        /// Path of the control socket; `nil` is the usual place, which `anycodectl` finds by itself.
        package var socket: String?
    }

    package struct Log: Sendable, Equatable {
        package enum Level: String, Sendable, CaseIterable {
            case trace, debug, info, notice, warning, error, critical
        }

        package enum Format: String, Sendable, CaseIterable {
            /// Text on a terminal, JSON elsewhere.
            case auto
            case text, json
        }

        package var level: Level
        package var format: Format
    }
}

extension Configuration.Database {
    init(reading section: Section) {
        path = section.expanded(section.string("path", default: "anycode.db"))
        if path.isEmpty { section.report(.badValue, "path", "must name a file") }
        let days = section.integer("keep_days", default: 0, in: 0...36_500)
        keep = days == 0 ? nil : .seconds(days * 86_400)
    }
}

extension Configuration.Control {
    init(reading section: Section) {
        socket = section.optionalPath("socket")
        // `sun_path` has 108 bytes with its NUL on Linux and 104 on macOS.
        if let socket, socket.utf8.count > 103 {
            section.report(.badValue, "socket", "is longer than the 103 bytes that a socket's path may have")
        }
    }
}

extension Configuration.Log {
    init(reading section: Section) {
        level = section.choice("level", default: .info)
        format = section.choice("format", default: .auto)
    }
}
