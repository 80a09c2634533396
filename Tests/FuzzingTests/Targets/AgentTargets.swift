import AnycodeCore
import AnycodeJSON

@testable import AnycodeAgent

extension FuzzTarget {
    /// An ACP message of an agent: any bytes have a meaning, the same each time.
    static let acp = FuzzTarget(name: "acp") { bytes throws(FuzzFailure) in
        var one = ACPDecoder()
        var other = ACPDecoder()
        for line in bytes.split(separator: 0x0A) {
            let first = one.decode(Array(line))
            try require(first == other.decode(Array(line)), "decoded in two ways")
            if let reply = first.reply {
                try require((try? JSON(parsing: reply.bytes)) == reply, "the reply is no JSON")
            }
        }
    }

    /// A runner's event stream: numbers only rise, and the items do not depend on how the bytes are cut.
    static let runnerStream = FuzzTarget(name: "runner-stream") { bytes throws(FuzzFailure) in
        let whole = read([bytes])
        let cut = read(pieces(of: bytes))
        if !whole.failed, !cut.failed { try require(whole.items == cut.items, "the items depend on the cut") }
        var last: Int64 = 3
        for number in whole.items.compactMap(\.number) {
            try require(number > last, "\(number) after \(last)")
            last = number
        }
    }

    private static func read(_ pieces: [[UInt8]]) -> (items: [AgentStreamItem], failed: Bool) {
        var parser = ACPEventParser(cursor: 3, limit: 4096)
        var items: [AgentStreamItem] = []
        for piece in pieces {
            do {
                items += try parser.receive(piece).items
            } catch {
                return (items, true)
            }
        }
        return (items, false)
    }
}
