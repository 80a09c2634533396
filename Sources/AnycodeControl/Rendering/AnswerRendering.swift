/// Says that a cancel was passed on.
package func render(_ answer: CancelAnswer, _ style: Style) -> [String] {
    [style.line([Span("Ending "), Span(String(answer.id.prefix(8)), .cyan), Span(" (was \(answer.state)).")])]
}

/// Says which daemon answers.
package func render(_ version: DaemonVersion, _ style: Style) -> [String] {
    [style.line([Span("anycode \(version.version), process \(version.pid), up \(words(for: version.uptime))")])]
}
