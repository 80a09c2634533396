#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads one document section by section, notes which keys were asked for, and collects everything that is wrong.
///
/// The questions asked are the schema: a key that nobody asked for is unknown, also in a section that is absent.
final class SettingsReader {
    let file: String
    let environment: [String: String]
    private let locator: KeyLocator
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []
    private(set) var known: [KnownKey] = []
    private var sections: [Section] = []

    init(_ document: [String: TOMLNode], text: String, file: String, environment: [String: String]) {
        self.file = file
        self.environment = environment
        locator = KeyLocator(text)
        sections = [Section(path: [], pattern: [], table: document, reader: self)]
    }

    var root: Section { sections[0] }

    func open(_ section: Section) -> Section {
        sections.append(section)
        return section
    }

    func note(_ key: KnownKey) {
        known.append(key)
    }

    func report(_ code: ConfigurationProblem.Code, _ path: [String], _ message: String, hint: String? = nil) {
        problems.append(finding(code, path, message, hint))
    }

    func warn(_ code: ConfigurationProblem.Code, _ path: [String], _ message: String, hint: String? = nil) {
        warnings.append(finding(code, path, message, hint))
    }

    /// Reports the keys that no section asked for. Call when all sections have been read.
    func reportUnknownKeys() {
        for section in sections {
            for key in section.unasked {
                report(.unknownKey, section.path + [key], "unknown key", hint: suggestion(for: key, in: section))
            }
        }
    }

    private func finding(
        _ code: ConfigurationProblem.Code, _ path: [String], _ message: String, _ hint: String?
    ) -> ConfigurationProblem {
        ConfigurationProblem(
            code, file: file, line: locator.line(of: path), key: Self.display(path), message: message, hint: hint)
    }

    private func suggestion(for key: String, in section: Section) -> String? {
        if let near = nearest(to: key, among: section.asked) { return "did you mean \"\(near)\"?" }
        let homes = known.filter { $0.path.last == key }.map { "[\(Self.display($0.path.dropLast()))]" }
        if !homes.isEmpty { return "this key belongs in \(homes.joined(separator: " or "))" }
        return section.asked.isEmpty ? nil : "allowed here: \(section.asked.sorted().joined(separator: ", "))"
    }

    /// Dotted form of a path; what cannot be a bare key is quoted, and cut where it is long.
    static func display(_ path: some Sequence<String>) -> String {
        path.map { key in
            let isBare = !key.isEmpty && key.utf8.allSatisfy { $0.isBareKeyByte }
            let short = key.count > 40 ? key.prefix(40) + "…" : key[...]
            return isBare || key.hasPrefix("<") ? String(short) : "\"\(short)\""
        }
        .joined(separator: ".")
    }
}

extension UInt8 {
    fileprivate var isBareKeyByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// A key that the configuration understands.
package struct KnownKey: Sendable, Hashable {
    /// Path of the key; a name chosen by the person is `<name>`.
    package let path: [String]
    /// The default as TOML, where it has one.
    package let defaultValue: String?
}
