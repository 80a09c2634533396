import Foundation
import Testing

@testable import AnycodeConfig

@Suite struct LoadTests {
    @Test func missingFileIsSaid() {
        let error = #expect(throws: ConfigurationError.self) { try Configuration.load(path: "/nonexistent/c.toml") }
        #expect(error?.problems.map(\.message) == ["there is no such file"])
    }

    @Test func textThatIsNotUTF8IsRefused() throws {
        let error = try withFile(Data([0x61, 0xff])) { path in
            #expect(throws: ConfigurationError.self) { try Configuration.load(path: path) }
        }
        #expect(error?.problems.map(\.code) == [.syntax])
    }

    @Test func fileWithSecretsThatOthersMayReadIsAWarning() throws {
        let text = Data("[telegram]\nbot_token = \"1:a\"\nallowed_users = [1]".utf8)
        for (mode, expected) in [(0o600, 0), (0o640, 1), (0o604, 1)] {
            let warnings = try withFile(text, mode: mode) { path in
                try Configuration.load(path: path, environment: [:], supported: .everything).warnings
            }
            #expect(warnings.count { $0.code == .exposedFile } == expected)
        }
        let plain = try withFile(Data(), mode: 0o644) { path in
            try Configuration.load(path: path, environment: [:], supported: .everything).warnings
        }
        #expect(plain.isEmpty)
    }

    @Test func secretsComeFromFiles() throws {
        let telegram = try withFile(Data("  1:abc\n\n".utf8)) { path in
            try parsed("[telegram]\nbot_token_file = \"\(path)\"\nallowed_users = [1]").telegram
        }
        #expect(telegram?.botToken.reveal() == "1:abc")
        try withFile(Data("\n".utf8)) { path in
            #expect(problems("[github]\ntoken_file = \"\(path)\"").map(\.code) == [.missing])
        }
        #expect(problems("[github]\ntoken_file = \"/nonexistent\"").map(\.code) == [.badValue])
    }
}
