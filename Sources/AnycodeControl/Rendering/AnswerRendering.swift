/// Says that a cancel was passed on.
package func render(_ answer: CancelAnswer, _ style: Style) -> [String] {
    [style.line([Span("Ending "), Span(String(answer.id.prefix(8)), .cyan), Span(" (was \(answer.state)).")])]
}

/// Says which daemon answers.
package func render(_ version: DaemonVersion, _ style: Style) -> [String] {
    [style.line([Span("anycode \(version.version), process \(version.pid), up \(words(for: version.uptime))")])]
}

/// Says what both sides are, and whether they fit.
package func render(_ report: VersionReport, _ style: Style) -> [String] {
    var lines = [style.line([Span("anycodectl \(report.anycodectl)")])]
    guard let daemon = report.daemon else { return lines }
    lines += render(daemon, style)
    if daemon.version != report.anycodectl {
        lines.append(style.line([Span("The versions differ: use the anycodectl that came with the daemon.", .yellow)]))
    }
    return lines
}

/// Says that a restart was begun.
package func render(_ answer: RestartAnswer, _ style: Style) -> [String] {
    [style.line([Span("Restarting "), Span(answer.path, .cyan), Span(" (was \(answer.state)).")])]
}

/// Says what was done.
package func render(_ answer: DoneAnswer, _ style: Style) -> [String] {
    [style.line([Span(answer.message)])]
}

/// Says how to become an owner.
package func render(_ answer: PairAnswer, _ style: Style) -> [String] {
    [
        style.line([
            Span("Send the bot on \(answer.platform), in a private chat:  "), Span("/pair \(answer.code)", .cyan),
        ]),
        style.line([Span("Whoever sends it first is an owner. It is good once, for \(answer.minutes) minutes.")]),
    ]
}

/// Draws what an examination found, a finding a line.
package func render(_ findings: [Finding], _ style: Style) -> [String] {
    let width = findings.map { columns(of: $0.subject) }.max() ?? 0
    return findings.map { finding in
        let (mark, colour): (String, Span.Colour) =
            switch finding.grade {
            case .fine: ("✓", .green)
            case .noted: ("!", .yellow)
            case .failed: ("✗", .red)
            }
        return style.line([
            Span(mark, colour), Span(" "), Span(padded(finding.subject, to: width)), Span("  "), Span(finding.words),
        ])
    }
}
