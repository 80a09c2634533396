import AnycodeJSON

extension FuzzTarget {
    /// What was read is written and read again as the same value.
    static let json = FuzzTarget(name: "json") { bytes throws(FuzzFailure) in
        guard let value = try? JSON(parsing: bytes) else { return }
        let written = value.bytes
        guard let again = try? JSON(parsing: written) else {
            throw FuzzFailure(description: "cannot be read again: \(String(decoding: written, as: UTF8.self))")
        }
        try require(again == value, "\(value) became \(again)")
    }
}
