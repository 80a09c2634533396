import Testing

@testable import AnycodeConfig

@Suite struct KeyLocatorTests {
    private func lines(_ text: String, _ paths: [String]...) -> [Int?] {
        let locator = KeyLocator(text)
        return paths.map { locator.line(of: $0) }
    }

    @Test func findsKeysOfTables() {
        let text = """
            top = 1
            [a]
            x = 1

            [a.b] # comment with [c] and "
            y = "z = 1"
            """
        #expect(lines(text, ["top"], ["a"], ["a", "x"], ["a", "b"], ["a", "b", "y"], ["z"]) == [1, 2, 3, 5, 6, nil])
    }

    @Test func findsDottedAndQuotedKeys() {
        let text = #"""
            a . "b.c" . 'd"' = 1
            "\u0065\t" = 2
            "" = 3
            [ "x y" . z ]
            k = 4
            """#
        #expect(
            lines(text, ["a"], ["a", "b.c"], ["a", "b.c", "d\""], ["e\t"], [""], ["x y", "z", "k"])
                == [1, 1, 1, 2, 3, 5])
    }

    @Test func findsKeysOfInlineTables() {
        let text = """
            a = { b = { c.d = 1, e = "}" }, f = [1, { g = 2 }] }
            h = 1
            """
        #expect(
            lines(text, ["a", "b", "c", "d"], ["a", "b", "e"], ["a", "f", "1", "g"], ["h"]) == [1, 1, 1, 2])
    }

    @Test func findsElementsOfLists() {
        let text = """
            a = [
              1, # one ]
              "two]",
              [3, { x = 1,  y = 2 }],
            ]
            b = 1
            """
        #expect(
            lines(text, ["a"], ["a", "0"], ["a", "1"], ["a", "2", "1", "y"], ["b"]) == [1, 2, 3, 4, 6])
    }

    @Test func findsKeysOfArraysOfTables() {
        let text = """
            [[p]]
            n = 1
            [p.q]
            r = 1
            [[p]]
            n = 2
            [[p.s]]
            t = 1
            """
        #expect(
            lines(text, ["p", "0", "n"], ["p", "0", "q", "r"], ["p", "1", "n"], ["p", "1", "s", "0", "t"])
                == [2, 4, 6, 8])
    }

    @Test func stepsOverStringsOfSeveralLines() {
        let text = #"""
            a = """
            fake = 1
            [fake] \""" ""\"
            """
            b = '''
            it's = "
            '''''
            c = ""
            d = ''
            e = "\\"
            f = 1
            """#
        #expect(
            lines(text, ["a"], ["fake"], ["b"], ["it's"], ["c"], ["d"], ["e"], ["f"])
                == [1, nil, 5, nil, 8, 9, 10, 11])
    }

    @Test func countsWindowsLineEndsAndOddScalars() {
        let text = "a = 1\r\n# \u{2028}\u{85}\r\nb = '\u{301}'\r\n\r\nc = 2024-01-01 10:00:00 # d = 1\r\ne = 1"
        #expect(lines(text, ["a"], ["b"], ["c"], ["d"], ["e"]) == [1, 3, 5, nil, 6])
    }

    @Test func fallsBackToTheNearestParent() {
        #expect(lines("\n[a]\n[a.b]", ["a", "b", "missing"], ["a", "missing"], ["missing"]) == [3, 2, nil])
    }

    @Test(arguments: 0..<300) func endsOnBrokenInput(seed: Int) {
        let pieces = [
            "[", "]", "{", "}", "\"", "'", "\"\"\"", "'''", "=", ",", "a", ".", "\n", "#", "\\", " ", "é", "\\u12",
        ]
        var state = UInt64(seed) &* 6_364_136_223_846_793_005 &+ 1
        var text = ""
        for _ in 0..<60 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += pieces[Int(state >> 33) % pieces.count]
        }
        _ = KeyLocator(text).line(of: ["a"])
    }
}
