import Testing

@testable import AnycodeRunner

@Suite struct LineSplitterTests {
    private func split(_ text: String, limit: Int = 100, pieces: Int) -> [LineSplitter.Line] {
        var splitter = LineSplitter(limit: limit)
        var lines: [LineSplitter.Line] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            bytes[start..<min(start + pieces, bytes.count)].withUnsafeBytes { splitter.append($0) { lines.append($0) } }
        }
        splitter.finish { lines.append($0) }
        return lines
    }

    @Test(arguments: 1...9) func linesAreTheSameHoweverTheyArrive(pieces: Int) {
        let lines = split("one\r\n\ntwo\nthree", pieces: pieces)
        #expect(lines == ["one", "two", "three"].map { .line(Array($0.utf8)) })
    }

    @Test(arguments: [1, 7, 50]) func aLineBeyondTheLimitIsDroppedAndTheNextIsKept(pieces: Int) {
        let lines = split(String(repeating: "x", count: 30) + "\nok\n", limit: 20, pieces: pieces)
        #expect(lines.count == 2)
        guard case .tooLong = lines[0] else {
            Issue.record("\(lines[0])")
            return
        }
        #expect(lines[1] == .line(Array("ok".utf8)))
    }
}
