import AnycodeCore

/// What a process that is gone did in a chat, as far as the limits still count it. A value; times are in seconds since
/// 1970, since no other clock goes on from one process to the next.
struct TelegramPast: Hashable, Sendable {
    /// When calls went.
    var calls: [Double] = []
    /// When the server's last pause ends, and how long it was.
    var pause: (until: Double, length: Double)?

    static func == (one: Self, other: Self) -> Bool { one.text == other.text }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// How it is kept: the calls, and behind a bar the pause.
    var text: String {
        let words = calls.map { Self.words($0) }.joined(separator: " ")
        return pause.map { "\(words)|\(Self.words($0.until)) \(Self.words($0.length))" } ?? words
    }

    /// What cannot be read is left out.
    init(text: String) {
        let parts = text.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map { part in
            part.split(separator: " ").compactMap { Double($0) }.filter { $0.isFinite && abs($0) < 1e12 }
        }
        calls = parts.first ?? []
        if parts.count == 2, parts[1].count == 2 { pause = (parts[1][0], parts[1][1]) }
    }

    init(calls: [Double] = [], pause: (until: Double, length: Double)? = nil) {
        self.calls = calls
        self.pause = pause
    }

    /// How long ago the calls were. A clock that was set back makes none of them later than now.
    func ages(at now: Double) -> [Duration] {
        calls.map { .seconds(max(0, now - $0)) }.sorted(by: >)
    }

    /// How much longer the pause lasts: never longer than it was, whatever became of the clock.
    func pauseLeft(at now: Double) -> Duration {
        guard let pause else { return .zero }
        return .seconds(max(0, min(pause.until - now, pause.length)))
    }

    private static func words(_ seconds: Double) -> String {
        let tenths = Int64((seconds * 10).rounded(.up))
        return "\(tenths / 10).\(abs(tenths % 10))"
    }
}
