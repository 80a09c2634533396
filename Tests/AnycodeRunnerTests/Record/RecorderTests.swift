import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

@Suite struct RecorderTests {
    private func redacted(_ text: String, limit: Int? = nil) -> String {
        let redaction = Redaction(
            environment: ["MY_API_KEY": "hunter2-hunter2", "SHORT_TOKEN": "abc", "LANG": "C.UTF-8"],
            places: [("/srv/x/work", "/workspace"), ("/srv/x", "/home/user")], textLimit: limit)
        return String(decoding: redaction.line(Array(text.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        (#"{"a":"key hunter2-hunter2!"}"#, #"{"a":"key [MY_API_KEY]!"}"#),
        (#"{"a":"/srv/x/work/f","b":"/srv/x/.h"}"#, #"{"a":"/workspace/f","b":"/home/user/.h"}"#),
        (#"{"a":"-srv-x-work"}"#, #"{"a":"-workspace"}"#),
        (#"{"email":"ana@example.org","n":1.5,"abc":null}"#, #"{"email":"[redacted]","n":1.5,"abc":null}"#),
        ("no json hunter2-hunter2", "no json [MY_API_KEY]"),
    ])
    func secretsPlacesAndPersonsAreTakenOut(given: String, expected: String) {
        #expect(redacted(given) == expected)
    }

    @Test func tokensAreKnownByTheirShape() {
        let token = "sk-ant-" + String(repeating: "a1", count: 10)
        #expect(redacted(#"{"a":"key=\#(token);"}"#) == #"{"a":"key=[token];"}"#)
        #expect(redacted(#"{"a":"task-list"}"#) == #"{"a":"task-list"}"#)
    }

    @Test func longTextsAndListsAreCut() {
        #expect(
            redacted(#"{"a":"0123456789","l":[1,2,3,4,5,6,7,8,9]}"#, limit: 4)
                == #"{"a":"0123…","l":[1,2,3,4,5,6,7,8]}"#)
    }

    @Test func theCommandLineIsRead() throws {
        let read = try RunnerCommand(arguments: ["record", "--to", "f", "--shorten", "9", "--", "prog", "--help"])
        #expect(read == .record(.init(path: "f", textLimit: 9, program: ["prog", "--help"])))
        for wrong in [
            ["record"], ["record", "--", "p"], ["record", "--to", "f"], ["record", "--to", "f", "--x", "1", "--", "p"],
        ] {
            #expect(throws: RunnerError.self) { try RunnerCommand(arguments: wrong) }
        }
    }

    @Test func bothSidesOfAProgramAreWritten() async throws {
        try await withTemporaryDirectory(prefix: "c") { directory in
            let process = Process()
            process.executableURL = URL(filePath: RunnerHarness.productDirectory + "/anycode-runner")
            process.arguments = [
                "record", "--to", directory.path + "/t", "--", "/bin/sh", "-c",
                #"read -r line; echo "{\"heard\":$line}"; echo bye >&2; exit 3"#,
            ]
            let input = Pipe()
            let output = Pipe()
            process.standardInput = input
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            try input.fileHandleForWriting.write(contentsOf: Data("{\"n\":1}\n".utf8))
            let said = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(process.terminationStatus == 3)
            #expect(String(decoding: said, as: UTF8.self) == "{\"heard\":{\"n\":1}}\n")
            let transcript = try String(contentsOfFile: directory.path + "/t", encoding: .utf8)
            #expect(transcript == "> {\"n\":1}\n< {\"heard\":{\"n\":1}}\n")
        }
    }
}
