/// One table of the document, read key by key. A table that is absent answers with defaults.
final class Section {
    let path: [String]
    /// The path with names chosen by the person as `<name>`.
    let pattern: [String]
    private let table: [String: TOMLNode]?
    private unowned let reader: SettingsReader
    private(set) var asked: Set<String> = []
    private var children: [String: Section] = [:]

    init(path: [String], pattern: [String], table: [String: TOMLNode]?, reader: SettingsReader) {
        self.path = path
        self.pattern = pattern
        self.table = table
        self.reader = reader
    }

    var isPresent: Bool { table != nil }

    /// Keys that are there and that nobody asked for, in a stable order.
    var unasked: [String] { (table ?? [:]).keys.filter { !asked.contains($0) }.sorted() }

    func has(_ key: String) -> Bool { table?[key] != nil }

    var environment: [String: String] { reader.environment }

    func report(_ code: ConfigurationProblem.Code, _ key: String?, _ message: String, hint: String? = nil) {
        reader.report(code, path + (key.map { [$0] } ?? []), message, hint: hint)
    }

    func warn(_ code: ConfigurationProblem.Code, _ key: String?, _ message: String, hint: String? = nil) {
        reader.warn(code, path + (key.map { [$0] } ?? []), message, hint: hint)
    }

    /// Reports an entry of a table whose keys the person chooses.
    func reportEntry(_ code: ConfigurationProblem.Code, _ key: String, _ entry: String, _ message: String) {
        reader.report(code, path + [key, entry], message)
    }

    func warnEntry(
        _ code: ConfigurationProblem.Code, _ key: String, _ entry: String, _ message: String, hint: String
    ) {
        reader.warn(code, path + [key, entry], message, hint: hint)
    }

    func reportMissing(_ key: String, _ message: String, hint: String? = nil) {
        report(.missing, key, message, hint: hint)
    }

    /// The raw value of a key, which counts as asked for from now on.
    func node(_ key: String, default defaultValue: String? = nil) -> TOMLNode? {
        if asked.insert(key).inserted {
            reader.note(KnownKey(path: pattern + [key], defaultValue: defaultValue))
        }
        return table?[key]
    }

    /// A value that does not have the right type is reported and read as absent.
    func value<Value>(
        _ key: String, default defaultValue: String?, expecting expected: String, _ convert: (TOMLNode) -> Value?
    ) -> Value? {
        guard let node = node(key, default: defaultValue) else { return nil }
        if let value = convert(node) { return value }
        report(.wrongType, key, "expected \(expected), found \(node.kind)")
        return nil
    }

    /// The table under a key. It is there for reading when it is absent, so that its keys are known.
    func section(_ key: String) -> Section {
        if let child = children[key] { return child }
        asked.insert(key)
        let child = Section(path: path + [key], pattern: pattern + [key], table: childTable(key), reader: reader)
        children[key] = child
        return reader.open(child)
    }

    /// The tables under a key whose names the person chooses, as `[agents.credentials.<name>]`.
    ///
    /// - Parameter read: Also called once for a table that does not exist, so that its keys are known.
    func named<Value>(_ key: String, read: (String, Section) -> Value) -> [String: Value] {
        let parent = section(key)
        let example = Section(
            path: parent.path + ["<name>"], pattern: parent.pattern + ["<name>"], table: nil, reader: reader)
        _ = read("<name>", reader.open(example))
        var values: [String: Value] = [:]
        for name in (parent.table ?? [:]).keys.sorted() {
            parent.asked.insert(name)
            let child = Section(
                path: parent.path + [name], pattern: example.pattern, table: parent.childTable(name), reader: reader)
            values[name] = read(name, reader.open(child))
        }
        return values
    }

    private func childTable(_ key: String) -> [String: TOMLNode]? {
        guard let node = table?[key] else { return nil }
        if case .table(let child) = node { return child }
        let name = SettingsReader.display(path + [key])
        report(.wrongType, key, "expected a section [\(name)], found \(node.kind)")
        return nil
    }
}
