/// Draws a list of sessions, one a line.
package func render(_ sessions: [SessionSummary], _ style: Style) -> [String] {
    guard !sessions.isEmpty else { return ["No sessions."] }
    let ids = sessions.map(\.id)
    let rows = sessions.map { session in
        [
            Span(shortID(session.id, among: ids), .cyan), Span(session.state, colour(of: session)),
            Span(session.agent), Span(session.chat), Span(words(for: session.age)),
            Span(session.waiting.map { "\(words(for: $0)) — \(session.prompt)" } ?? session.prompt),
        ]
    }
    let header = ["ID", "STATE", "AGENT", "CHAT", "AGE", "TASK"].map { Span($0, .bold) }
    return table([header] + rows, style)
}

/// Draws what is known of one session.
package func render(_ session: SessionDetail, _ style: Style) -> [String] {
    let summary = session.summary
    var facts: [(String, Span)] = [
        ("id", Span(summary.id, .cyan)), ("state", Span(summary.state, colour(of: summary))),
        ("task", Span(summary.prompt)), ("agent", Span(summary.agent)),
        ("by", Span("\(summary.starter), \(summary.chat), \(words(for: summary.age)) ago")),
    ]
    func add(_ name: String, _ value: String?, _ colour: Span.Colour = .plain) {
        if let value { facts.append((name, Span(value, colour))) }
    }
    add("waiting", summary.waiting.map { words(for: $0) }, .yellow)
    add("reason", session.reason, .red)
    add("repository", summary.repository)
    add("commit", session.commit)
    add("turns", "\(session.turns), \(words(for: session.agentSeconds)) of the agent's time")
    add("cost", session.cost)
    add("queued", session.queued > 0 ? "\(session.queued)" : nil)
    add("masked", session.maskings > 0 ? "\(session.maskings) secret\(session.maskings == 1 ? "" : "s")" : nil)
    add("runner", session.runner)
    for deadline in session.deadlines { add("deadline", words(for: deadline)) }
    let width = facts.map { columns(of: $0.0) }.max() ?? 0
    var lines = facts.flatMap { fact(named: $0.0, $0.1, width, style) }
    lines += section("Interactions", session.interactions.map(row), style)
    lines += section("Resources", session.resources.map(row), style)
    lines += section("Saves", session.saves.map(row), style)
    return lines
}

/// A fact on as many lines as it needs.
private func fact(named name: String, _ value: Span, _ width: Int, _ style: Style) -> [String] {
    let room = max(20, (style.width ?? .max) - width - 2)
    return wrapped(value.text, to: room).enumerated().map { number, piece in
        style.line([
            Span(padded(number == 0 ? name : "", to: width), .faint), Span("  "), Span(piece, value.colour),
        ])
    }
}

private func section(_ title: String, _ rows: [[Span]], _ style: Style) -> [String] {
    rows.isEmpty ? [] : ["", style.line([Span(title, .bold)])] + table(rows.map { [Span("")] + $0 }, style)
}

private func row(_ interaction: SessionDetail.Interaction) -> [Span] {
    let who = interaction.answeredBy.map { "by \($0)" }
    let answer = [interaction.answer, who].compactMap(\.self).joined(separator: " ")
    return [
        Span(interaction.kind), Span(interaction.state, interaction.state == "open" ? .yellow : .plain),
        Span("\(words(for: interaction.age)) ago"),
        Span(answer.isEmpty ? interaction.title : "\(interaction.title) → \(answer)"),
    ]
}

private func row(_ resource: SessionDetail.Resource) -> [Span] {
    [Span(resource.kind), Span(resource.state), Span("\(words(for: resource.age)) ago"), Span(resource.name)]
}

private func row(_ save: SessionDetail.Save) -> [Span] {
    let files = save.changedFiles == 1 ? "1 file" : "\(save.changedFiles) files"
    return [Span(files), Span("\(words(for: save.age)) ago"), Span(save.path)]
}

private func colour(of session: SessionSummary) -> Span.Colour {
    if session.waiting != nil { return .yellow }
    if session.isLive { return .green }
    switch session.state {
    case "completed": return .plain
    case "parked": return .yellow
    default: return .red
    }
}
