#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Section {
    /// A secret given in the file itself, or by `<key>_file` as the path of a file that holds it.
    ///
    /// - Parameter kind: How messages name it, for example "the bot's token".
    func secret(_ key: String, _ kind: String, required: Bool = true) -> Secret? {
        let fileKey = key + "_file"
        let given: Secret? = value(key, default: nil, expecting: "a text in quotes") { $0.secret }
        let path = optionalPath(fileKey)
        guard !(has(key) && has(fileKey)) else {
            report(.combination, fileKey, "\(key) is set too", hint: "keep one of the two")
            return nil
        }
        if has(fileKey) { return path.flatMap { readSecret(at: $0, key: fileKey) } }
        if let given { return checked(given, key: key, kind: kind) }
        if isPresent && required && !has(key) {
            reportMissing(key, "\(kind) is missing", hint: "set \(key), or \(fileKey) to a file that holds it")
        }
        return nil
    }

    /// Environment variables; their values are secrets, since most of them are.
    func variables(_ key: String) -> [String: Secret] {
        map(key, of: "variables, as { NAME = \"value\" }") { name, value in
            guard isVariableName(name) else {
                return .failure("\"\(name.prefix(40))\" cannot be the name of an environment variable")
            }
            if Placeholder.matches(value) { return .placeholder }
            return .success(Secret(value))
        }
    }

    enum Entry<Value> {
        case success(Value)
        case failure(String)
        case placeholder
    }

    /// A table of texts whose keys the person chooses.
    func map<Value>(_ key: String, of described: String, entry: (String, String) -> Entry<Value>) -> [String: Value] {
        let nodes: [String: TOMLNode] =
            value(key, default: "{}", expecting: "a table of \(described)") { node in
                if case .table(let entries) = node { entries } else { nil }
            } ?? [:]
        var values: [String: Value] = [:]
        for (name, node) in nodes.sorted(by: { $0.key < $1.key }) {
            guard case .string(let text) = node else {
                reportEntry(.wrongType, key, name, "expected a text in quotes, found \(node.kind)")
                continue
            }
            switch entry(name, text) {
            case .success(let value): values[name] = value
            case .failure(let message): reportEntry(.badValue, key, name, message)
            case .placeholder:
                reportEntry(.placeholder, key, name, "still has the placeholder of the example")
            }
        }
        return values
    }

    private func checked(_ secret: Secret, key: String, kind: String) -> Secret? {
        if secret.reveal().isEmpty {
            report(.missing, key, "\(kind) is empty", hint: "put your own value here")
            return nil
        }
        if Placeholder.matches(secret.reveal()) {
            report(.placeholder, key, "still has the placeholder of the example", hint: "put your own value here")
            return nil
        }
        return secret
    }

    private func readSecret(at path: String, key: String) -> Secret? {
        guard let data = FileManager.default.contents(atPath: path) else {
            report(.badValue, key, "the file cannot be read", hint: "check that it exists and is yours to read")
            return nil
        }
        let text = String(decoding: data, as: UTF8.self)
        let value = text.drop(while: \.isWhitespace)
        guard let end = value.lastIndex(where: { !$0.isWhitespace }) else {
            report(.missing, key, "the file is empty")
            return nil
        }
        return Secret(String(value[...end]))
    }

    private func isVariableName(_ name: String) -> Bool {
        let isNameByte = { (byte: UInt8) in
            byte == UInt8(ascii: "_") || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        }
        guard let first = name.utf8.first, isNameByte(first) else { return false }
        return name.utf8.allSatisfy { isNameByte($0) || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) }
    }
}

extension TOMLNode {
    fileprivate var secret: Secret? {
        if case .string(let text) = self { Secret(text) } else { nil }
    }
}
