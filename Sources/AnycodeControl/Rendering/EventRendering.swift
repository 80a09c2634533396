#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Draws one event of the tree.
package func render(_ event: TreeEvent, _ style: Style) -> [String] {
    let path = event.path.isEmpty ? "root" : shortened(event.path)
    let colour: Span.Colour = event.isFailure ? .red : event.kind == "restarting" ? .yellow : .plain
    return [
        style.line([
            Span(timeOfDay(event.time), .faint), Span("  "), Span(path, .bold), Span("  "), Span(event.words, colour),
        ])
    ]
}

/// A path whose long ids are cut to what people type.
private func shortened(_ path: String) -> String {
    path.split(separator: "/").map { $0.isLongHexadecimal ? $0.prefix(8) : $0 }.joined(separator: "/")
}

/// Hours, minutes and seconds where the reader is.
func timeOfDay(_ time: Double) -> String {
    guard time.isFinite, abs(time) < 1e11 else { return "??:??:??" }
    var seconds = time_t(time)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
}
