import Foundation
import HTTPTestSupport
import Testing

@testable import AnycodeJSON

struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

    @Test func keepsTheOrderOfMembers() throws {
        let json = try parse(#" { "z" : 1 , "a":[true,false,null, -2.5e1] ,"m":{} } "#)
        #expect(json == ["z": 1, "a": [true, false, .null, .number(-25)], "m": [:]])
        #expect(json.members?.map(\.key) == ["z", "a", "m"])
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"z":1,"a":[true,false,null,-25.0],"m":{}}"#)
    }

    @Test(arguments: [
        (#""""#, ""), (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"), (#""\u00fc\u20AC""#, "ü€"),
        (#""\ud83d\ude42!""#, "🙂!"), (#""\ud83d""#, "\u{FFFD}"), (#""\ud83dx""#, "\u{FFFD}x"),
        (#""\ude42""#, "\u{FFFD}"), (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""ü🙂""#, "ü🙂"),
    ])
    func readsStrings(text: String, expected: String) throws {
        #expect(try parse(text) == .string(expected))
    }

    @Test(arguments: [
        ("0", JSON.integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
        ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.5", .number(1.5)), ("1E2", .number(100)),
        ("-12e-1", .number(-1.2)),
    ])
    func readsNumbers(text: String, expected: JSON) throws {
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "01", "-", "+1",
        "1.",
        ".5", "1e", "1e+", "1e999", "tru", "nul", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "1 2",
        "{}x", "'a'", "NaN", "[1 2]",
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONSyntaxError.self) { try parse(text) }
    }

    @Test func refusesEndlessNesting() {
        #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "[", count: 100_000)) }
        #expect(throws: Never.self) {
            try parse(String(repeating: "[", count: 200) + String(repeating: "]", count: 200))
        }
    }

    @Test func lastOfSeveralMembersCounts() throws {
        #expect(try parse(#"{"a":1,"a":2}"#)["a"] == 2)
    }

    @Test func repairsInvalidUTF8() throws {
        #expect(try JSON(parsing: [0x22, 0xFF, 0x22]) == .string("\u{FFFD}"))
    }

    @Test func everyTruncationIsRefused() throws {
        let text = Array(#"{"a":[1,"x\u00e9",{"b":null}],"c":-1.5e3}"#.utf8)
        for count in 0..<text.count {
            #expect(throws: JSONSyntaxError.self) { try JSON(parsing: Array(text.prefix(count))) }
        }
    }

    @Test func writesWhatOtherParsersRead() throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<300 {
            let json = JSON.random(using: &random, depth: 4)
            #expect(try JSON(parsing: json.bytes) == json)
            let other = try JSONSerialization.jsonObject(with: Data(json.bytes), options: .fragmentsAllowed)
            let again = try JSONSerialization.data(withJSONObject: other, options: .fragmentsAllowed)
            #expect(throws: Never.self) { try JSON(parsing: Array(again)) }
        }
    }
}

extension JSON {
    static func random(using random: inout SeededRandom, depth: Int) -> JSON {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .integer(.random(in: .min ... .max, using: &random))
        case 3: .number(Double.random(in: -1e6...1e6, using: &random) + 0.5)
        case 4: .string(text(using: &random))
        case 5:
            .array((0..<Int.random(in: 0...4, using: &random)).map { _ in .random(using: &random, depth: depth - 1) })
        default:
            .object(
                (0..<Int.random(in: 0...4, using: &random)).map {
                    Member("\($0)" + text(using: &random), .random(using: &random, depth: depth - 1))
                })
        }
    }

    private static func text(using random: inout SeededRandom) -> String {
        let pieces = ["a", "\"", "\\", "\n", "\u{1}", "ü", "🙂", "\u{7F}", "/", "\u{2028}", " "]
        return (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }
}
