/// How often calls may come: one a second in a chat, 20 a minute in a group, 30 a second in all.
struct Rates {
    private var chats: [Int: [Duration]] = [:]
    private var total: [Duration] = []
    private var floods: [Int: Duration] = [:]

    /// Seconds to wait; `nil` when the call is within the limits, and counted.
    mutating func call(chat: Int, at now: Duration) -> Int? {
        if let until = floods[chat], now < until { return Self.seconds(until - now) }
        let recent = (chats[chat] ?? []).filter { $0 > now - .seconds(60) }
        let all = total.filter { $0 > now - .seconds(1) }
        var pause = Duration.zero
        if let last = recent.last, now - last < .seconds(1) { pause = last + .seconds(1) - now }
        if chat < 0, recent.count >= 20 { pause = max(pause, recent[recent.count - 20] + .seconds(60) - now) }
        if all.count >= 30 { pause = max(pause, all[all.count - 30] + .seconds(1) - now) }
        guard pause == .zero else {
            let seconds = Self.seconds(pause)
            floods[chat] = now + .seconds(seconds)
            return seconds
        }
        chats[chat] = recent + [now]
        total = all + [now]
        return nil
    }

    /// Refuses everything in a chat for a while.
    mutating func flood(chat: Int, for seconds: Int, at now: Duration) {
        floods[chat] = now + .seconds(seconds)
    }

    private static func seconds(_ pause: Duration) -> Int {
        let (seconds, rest) = pause.components
        return Int(seconds) + (rest > 0 ? 1 : 0)
    }
}
