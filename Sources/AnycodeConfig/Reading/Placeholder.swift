/// Values that stand in examples and were never replaced.
enum Placeholder {
    static func matches(_ value: String) -> Bool {
        let lowered = value.lowercased()
        return value.hasSuffix("...") || value.hasSuffix("…") || lowered.hasPrefix("your_")
            || lowered.hasPrefix("your-") || (value.hasPrefix("<") && value.hasSuffix(">"))
            || ["changeme", "change-me", "change_me", "replace-me", "replace_me"].contains(lowered)
    }
}
