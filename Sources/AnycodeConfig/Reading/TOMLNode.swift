import TOMLKit

/// A parsed TOML value, detached from the parser's memory.
enum TOMLNode: Sendable, Equatable {
    case table([String: TOMLNode])
    case array([TOMLNode])
    case string(String)
    case integer(Int)
    case float(Double)
    case bool(Bool)
    case date

    /// How a message names the type.
    var kind: String {
        switch self {
        case .table: "a table"
        case .array: "a list"
        case .string: "a text in quotes"
        case .integer: "a whole number"
        case .float: "a number with a fraction"
        case .bool: "true or false"
        case .date: "a date or time"
        }
    }
}

extension TOMLNode {
    /// Parses a document, whose root is a table.
    static func parse(_ text: String, file: String) throws(ConfigurationProblem.Failure) -> [String: TOMLNode] {
        if let end = text.utf8.firstIndex(of: 0) {
            // The parser takes a C string: what follows a NUL would be dropped unseen.
            let line = text.utf8[..<end].count { $0 == UInt8(ascii: "\n") } + 1
            throw .init(.init(.syntax, file: file, line: line, message: "a NUL byte is not allowed"))
        }
        if let found = TOMLGuard.find(in: text) {
            throw .init(.init(.syntax, file: file, line: found.line, message: "not valid TOML: \(found.message)"))
        }
        do {
            return try TOMLTable(string: text).nodes
        } catch let error as TOMLParseError {
            let reason = withoutValues(error.description)
            throw .init(.init(.syntax, file: file, line: error.source.begin.line, message: "not valid TOML: \(reason)"))
        } catch {
            throw .init(.init(.syntax, file: file, message: "not valid TOML"))
        }
    }

    /// The parser quotes what it met; a quotation long enough to be part of a secret is left out.
    static func withoutValues(_ reason: String) -> String {
        var parts = reason.split(separator: "'", omittingEmptySubsequences: false).map(String.init)
        for index in parts.indices where index % 2 == 1 {
            let mayBeSecret = parts[index].count > 6 && parts[index].contains { $0.isNumber || $0.isUppercase }
            if mayBeSecret { parts[index] = "…" }
        }
        return parts.joined(separator: "'")
    }

    fileprivate init(_ value: any TOMLValueConvertible) {
        switch value.type {
        case .table: self = .table(value.table?.nodes ?? [:])
        case .array: self = .array(value.array?.map { TOMLNode($0) } ?? [])
        case .string: self = .string(value.string ?? "")
        case .int: self = .integer(value.int ?? 0)
        case .double: self = .float(value.double ?? 0)
        case .bool: self = .bool(value.bool ?? false)
        case .date, .time, .dateTime: self = .date
        }
    }
}

extension TOMLTable {
    fileprivate var nodes: [String: TOMLNode] {
        var nodes: [String: TOMLNode] = [:]
        for key in keys {
            nodes[key] = self[key].map { TOMLNode($0) }
        }
        return nodes
    }
}

extension ConfigurationProblem {
    /// A single problem on its way to the list.
    struct Failure: Error {
        let problem: ConfigurationProblem

        init(_ problem: ConfigurationProblem) {
            self.problem = problem
        }
    }
}
