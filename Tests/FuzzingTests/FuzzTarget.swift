/// A parser that takes bytes from outside, and what must hold for any bytes.
struct FuzzTarget: Sendable {
    /// The name of its folder in `Corpus`.
    let name: String
    /// Throws `FuzzFailure` when something does not hold; a trap is a finding as well.
    let run: @Sendable ([UInt8]) throws(FuzzFailure) -> Void

    static let all: [FuzzTarget] = [
        serverSentEvents, runnerStream, json, jsonRPC, acp, claudeCode, codex, configuration, commands,
        markdown, telegramUpdates, engineOutput,
    ]

    static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// What does not hold for an input.
struct FuzzFailure: Error, CustomStringConvertible {
    let description: String
}

/// Throws unless `condition` holds.
func require(_ condition: Bool, _ words: @autoclosure () -> String) throws(FuzzFailure) {
    if !condition { throw FuzzFailure(description: words()) }
}

/// Cuts an input into pieces of changing length, as a socket does; the same input is always cut in the same way.
func pieces(of bytes: [UInt8]) -> [[UInt8]] {
    var seed = bytes.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    var rest = bytes[...]
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let piece = rest.prefix(1 + Int(seed >> 60))
        pieces.append(Array(piece))
        rest = rest.dropFirst(piece.count)
    }
    return pieces
}
