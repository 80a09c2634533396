extension Configuration {
    package struct Console: Sendable, Equatable {
        /// Whether the daemon's own terminal is a chat.
        package var enabled: Bool
    }
}

extension Configuration.Console {
    /// - Parameter isOnlyPlatform: Without another platform the console is on, unless it is switched off.
    init(reading section: Section, isOnlyPlatform: Bool) {
        enabled = section.optionalBool("enabled") ?? isOnlyPlatform
        if isOnlyPlatform && !enabled {
            section.report(
                .combination, "enabled", "at least one messaging platform must be configured",
                hint: "add [telegram] or [slack], or let the console on")
        }
    }
}
