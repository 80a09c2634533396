/// Remembers the newest so many values; older ones are forgotten.
struct BoundedMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let capacity: Int
    private var values: [Key: (value: Value, age: Int)] = [:]
    private var clock = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    subscript(key: Key) -> Value? {
        get { values[key]?.value }
        set {
            clock += 1
            values[key] = newValue.map { ($0, clock) }
            if values.count > capacity { forgetHalf() }
        }
    }

    private mutating func forgetHalf() {
        let ages = values.values.map(\.age).sorted()
        let oldest = ages[ages.count / 2]
        values = values.filter { $0.value.age >= oldest }
    }
}
