extension Configuration {
    package struct Database: Sendable, Equatable {
        package var path: String
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
