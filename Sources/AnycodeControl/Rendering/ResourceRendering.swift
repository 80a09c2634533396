/// Draws what exists on providers, and what to do about it.
package func render(_ list: ResourceList, _ style: Style) -> [String] {
    var lines = list.problems.map { style.line([Span("! \($0)", .red)]) }
    guard !list.resources.isEmpty else { return lines + ["No resources."] }
    let leases = list.resources.map(\.lease)
    let header = ["LEASE", "PROVIDER", "STATE", "AGE", "OWNER", "WHY IT LIVES", "TO END IT"].map { Span($0, .bold) }
    let rows = list.resources.map { resource in
        [
            Span(shortID(resource.lease, among: leases), .cyan), Span(resource.provider),
            Span(resource.isRunning ? "\(resource.state), runs" : resource.state),
            Span(words(for: resource.age)), Span(resource.owner ?? "nobody", resource.isOrphan ? .red : .plain),
            Span(resource.reason), Span(resource.remedy, .faint),
        ]
    }
    lines += table([header] + rows, style)
    return lines
}

/// Tells what a drain came to.
package func render(_ answer: DrainAnswer, _ style: Style) -> [String] {
    let ended = answer.ended == 1 ? "1 session ended" : "\(answer.ended) sessions ended"
    var lines = [style.line([Span("Intake is closed; \(ended).")])]
    if answer.leavesNothing { return lines + [style.line([Span("Nothing is left.", .green)])] }
    if !answer.left.isEmpty {
        lines += ["", style.line([Span("Sessions that go on", .yellow)])] + render(answer.left, style)
    }
    let resources = answer.resources
    if !resources.resources.isEmpty || !resources.problems.isEmpty {
        lines += ["", style.line([Span("What exists on providers", .yellow)])] + render(resources, style)
    }
    return lines
}

extension DrainAnswer {
    /// Whether nothing goes on and nothing exists.
    package var leavesNothing: Bool { left.isEmpty && resources.resources.isEmpty && resources.problems.isEmpty }
}
