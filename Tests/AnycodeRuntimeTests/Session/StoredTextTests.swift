import AnycodeCore
import Foundation
import Testing

@testable import AnycodeRuntime

struct StoredTextTests {
    static let texts = [
        "", "a word ", "two\nlines", "\"quoted\" and \\ and /", "tab\t, bell \u{7}, delete \u{7F}", "ü € 👩‍👩‍👧 ",
        "{\"text\":{\"_0\":\"x\"}}", "\u{0}",
    ]

    @Test(arguments: texts) func textReadsBackAsItWasWritten(_ text: String) throws {
        for entry in [TranscriptEntry.text(text), .thought(text)] {
            #expect(try TranscriptEntry(storedBytes: entry.storedBytes()) == entry)
        }
    }

    @Test(arguments: texts) func itIsTheJSONThatACoderReadsAndWrites(_ text: String) throws {
        for entry in [TranscriptEntry.text(text), .thought(text)] {
            #expect(try JSONCoding.decode(TranscriptEntry.self, from: entry.storedBytes()) == entry)
            #expect(try TranscriptEntry(storedBytes: JSONCoding.encode(entry)) == entry)
        }
    }

    @Test func otherEntriesAndDamagedOnesGoTheCodersWay() throws {
        let notice = TranscriptEntry.notice("words")
        #expect(try TranscriptEntry(storedBytes: notice.storedBytes()) == notice)
        for damaged in [#"{"text":{"_0":"x"}"#, #"{"text":{"_0":"x\"}}"#, #"{"text":{"_0":"a"b"}}"#, "{", ""] {
            #expect(throws: (any Error).self) { try TranscriptEntry(storedBytes: Array(damaged.utf8)) }
        }
    }
}
