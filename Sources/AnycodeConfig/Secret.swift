/// A value that must not be printed, logged or encoded; only `reveal()` gives it away.
package struct Secret: Sendable, Hashable {
    private let value: String

    package init(_ value: String) {
        self.value = value
    }

    /// The value itself. Call it where the value leaves for its one receiver, and nowhere else.
    package func reveal() -> String {
        value
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
