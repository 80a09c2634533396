import Foundation
import Testing

@testable import AnycodeConfig

/// `config.example.toml` and the schema say the same, both ways.
@Suite struct ExampleTests {
    /// `#key` and `#[section]` are keys to uncomment, `# text` is prose.
    private static func uncommented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.first == "#", let next = line.dropFirst().first, next.isLetter || next == "[" else {
                return String(line)
            }
            return String(line.dropFirst())
        }
        .joined(separator: "\n")
    }

    private static func example() throws -> String {
        var root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return try String(contentsOf: root.appendingPathComponent("config.example.toml"), encoding: .utf8)
    }

    private static func pattern(_ path: [String]) -> [String] {
        guard path.count > 2, path[0] == "agents", ["credentials", "custom"].contains(path[1]) else { return path }
        return Array(path.prefix(2)) + ["<name>"] + path.dropFirst(3)
    }

    private static func leaves(_ table: [String: TOMLNode], at path: [String] = []) -> [[String]: TOMLNode] {
        var result: [[String]: TOMLNode] = [:]
        for (key, node) in table {
            let here = path + [key]
            if case .table(let child) = node, !["env", "files"].contains(key) {
                result.merge(leaves(child, at: here)) { a, _ in a }
            } else {
                result[pattern(here)] = node
            }
        }
        return result
    }

    @Test func loadsAsItIs() throws {
        let configuration = try Configuration.parse(try Self.example())
        #expect(configuration.console.enabled)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func hasEveryKeyAndNoOther() throws {
        let text = Self.uncommented(try Self.example())
        let written = Set(Self.leaves(try TOMLNode.parse(text, file: "")).keys)
        let known = Set(Configuration.knownKeys.map(\.path))
        #expect(known.subtracting(written) == [])
        #expect(written.subtracting(known) == [])
    }

    @Test func writesDefaultsOrSaysTheDefault() throws {
        let text = Self.uncommented(try Self.example())
        let written = Self.leaves(try TOMLNode.parse(text, file: ""))
        let locator = KeyLocator(text)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for key in Configuration.knownKeys {
            guard let defaultValue = key.defaultValue, let value = written[key.path] else { continue }
            let node = try #require(try TOMLNode.parse("v = \(defaultValue)", file: "")["v"])
            guard node != value, !key.path.contains("<name>") else { continue }
            let line = lines[try #require(locator.line(of: key.path)) - 1]
            #expect(line.contains("default: \(defaultValue)"), "\(key.path)")
        }
    }

    @Test func uncommentedHasNoProblemButPlaceholdersAndBothFormsOfASecret() throws {
        let found = problems(Self.uncommented(try Self.example()))
        let unexpected = found.filter {
            $0.code != .placeholder && !($0.code == .combination && $0.key.hasSuffix("_file"))
        }
        #expect(unexpected == [])
        #expect(found.filter { $0.code == .placeholder }.count >= 1)
    }
}
