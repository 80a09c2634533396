/// Cuts a byte stream into lines of a limited length.
struct LineSplitter {
    enum Line: Equatable {
        case line([UInt8])
        /// The beginning of a line that was longer than the limit; the rest was dropped.
        case tooLong([UInt8])
    }

    private let limit: Int
    private var partial: [UInt8] = []
    private var isDropping = false

    init(limit: Int) {
        self.limit = limit
    }

    /// Calls `emit` for each line that `bytes` completes, without line break.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ emit: (Line) -> Void) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            take(rest[rest.startIndex..<end], emit)
            rest = rest[(end + 1)...]
            if !isDropping { finish(emit) }
            isDropping = false
        }
        take(rest, emit)
    }

    /// The stream ended: what is left is a line.
    mutating func finish(_ emit: (Line) -> Void) {
        if partial.last == 0x0D { partial.removeLast() }
        if !partial.isEmpty { emit(.line(partial)) }
        partial = []
    }

    private mutating func take(_ bytes: Slice<UnsafeRawBufferPointer>, _ emit: (Line) -> Void) {
        guard !isDropping else { return }
        guard partial.count + bytes.count <= limit else {
            isDropping = true
            partial.append(contentsOf: bytes.prefix(max(0, 4096 - partial.count)))
            emit(.tooLong(Array(partial.prefix(4096))))
            partial = []
            return
        }
        partial.append(contentsOf: bytes)
    }
}
