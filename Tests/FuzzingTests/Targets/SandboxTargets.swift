@testable import AnycodeSandbox

extension FuzzTarget {
    /// What a Docker Engine streams: framed output and lines of JSON do not depend on how the bytes are cut.
    static let engineOutput = FuzzTarget(name: "engine-output") { bytes throws(FuzzFailure) in
        try require(frames([bytes]) == frames(pieces(of: bytes)), "the output depends on the cut")
        try require(lines([bytes]) == lines(pieces(of: bytes)), "the lines depend on the cut")
    }

    /// What each stream has to say, until the first bad frame.
    private static func frames(_ pieces: [[UInt8]]) -> [UInt8: [UInt8]] {
        var frames = OutputFrames()
        var output: [UInt8: [UInt8]] = [:]
        for piece in pieces {
            // The parts before a bad frame may be lost with it; so bad output is compared up to where it is good.
            guard let parts = try? frames.receive(piece) else { return [:] }
            for part in parts { output[part.stream.rawValue, default: []] += part.bytes }
        }
        return output
    }

    private static func lines(_ pieces: [[UInt8]]) -> [[UInt8]] {
        var lines = JSONLines()
        var found = pieces.flatMap { lines.receive($0) }
        if let last = lines.finish() { found.append(last) }
        return found
    }
}
