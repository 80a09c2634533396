import Synchronization

/// The last bytes of a stream that is otherwise dropped.
final class TailBuffer: Sendable {
    private let limit: Int
    private let bytes = Mutex<[UInt8]>([])

    init(limit: Int) {
        self.limit = limit
    }

    func append(_ new: some Collection<UInt8>) {
        bytes.withLock { bytes in
            bytes.append(contentsOf: new)
            if bytes.count > limit { bytes.removeFirst(bytes.count - limit) }
        }
    }

    var text: String {
        let text = bytes.withLock { String(decoding: $0, as: UTF8.self) }
        return String(text.unicodeScalars.filter { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7F })
    }
}
