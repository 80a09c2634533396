import Foundation
import Testing

/// Replays the corpus, and mutations of it, without a fuzzer. `make fuzz` looks for new inputs.
@Suite struct CorpusTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    @Test(arguments: FuzzTarget.all.map(\.name)) func everyInputOfTheCorpusHolds(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        for input in try Self.inputs(name) { try target.run(input.bytes) }
    }

    @Test(arguments: FuzzTarget.all.map(\.name)) func mutationsOfTheCorpusHold(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let inputs = try Self.inputs(name)
        var generator = SeededMutator(seed: 20)
        for _ in 0..<300 {
            let input = inputs[generator.below(inputs.count)].bytes
            let other = inputs[generator.below(inputs.count)].bytes
            let mutated = generator.mutate(input, with: other)
            do {
                try target.run(mutated)
            } catch {
                Issue.record("\(error): \(mutated)")
            }
        }
    }

    private static func inputs(_ name: String) throws -> [(file: String, bytes: [UInt8])] {
        let folder = corpus.appending(path: name)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        try #require(!files.isEmpty, "the corpus of \(name) is empty")
        return try files.map { ($0, Array(try Data(contentsOf: folder.appending(path: $0)))) }
    }
}

/// Cuts, copies, joins and flips, always in the same way for a seed.
struct SeededMutator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % max(1, bound)
    }

    mutating func mutate(_ input: [UInt8], with other: [UInt8]) -> [UInt8] {
        var bytes = input
        for _ in 0...below(4) {
            let place = below(bytes.count + 1)
            switch below(5) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
            case 1: bytes.insert(UInt8(below(256)), at: place)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + below(8)))
            case 3: bytes.insert(contentsOf: other.prefix(below(other.count + 1)).suffix(40), at: place)
            default: bytes = Array(bytes.prefix(place)) + other.suffix(below(other.count + 1))
            }
        }
        return Array(bytes.prefix(8192))
    }
}
