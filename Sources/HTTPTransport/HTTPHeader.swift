/// One header line of a request or a response.
package struct HTTPHeader: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [HTTPHeader] {
    /// The first value under a name, compared without regard to case.
    package func first(_ name: String) -> String? {
        first { $0.name.isEqualIgnoringASCIICase(to: name) }?.value
    }
}

extension String {
    func isEqualIgnoringASCIICase(to other: String) -> Bool {
        utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension UInt8 {
    var asciiLowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}
