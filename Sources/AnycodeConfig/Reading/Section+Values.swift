extension Section {
    func string(_ key: String, default defaultValue: String) -> String {
        text(key, default: "\"\(defaultValue)\"") ?? defaultValue
    }

    /// A text that may be absent; an empty one counts as absent, as in the ancestor's files.
    func optionalString(_ key: String) -> String? {
        let value = text(key, default: nil)
        return value?.isEmpty == true ? nil : value
    }

    /// A file path; `~/` is the home directory, and what is relative is relative to the working directory.
    func optionalPath(_ key: String) -> String? {
        optionalString(key).map(expanded)
    }

    func expanded(_ path: String) -> String {
        guard path == "~" || path.hasPrefix("~/"), let home = environment["HOME"] else { return path }
        return home + path.dropFirst()
    }

    func bool(_ key: String, default defaultValue: Bool) -> Bool {
        value(key, default: "\(defaultValue)", expecting: "true or false") { $0.boolValue } ?? defaultValue
    }

    /// A switch whose default follows from other keys.
    func optionalBool(_ key: String) -> Bool? {
        value(key, default: nil, expecting: "true or false") { $0.boolValue }
    }

    func integer(_ key: String, default defaultValue: Int, in range: ClosedRange<Int>) -> Int {
        let found: Int? = value(key, default: "\(defaultValue)", expecting: "a whole number") { node in
            if case .integer(let value) = node { value } else { nil }
        }
        guard let found else { return defaultValue }
        guard range.contains(found) else {
            report(.badValue, key, "must be from \(range.lowerBound) to \(range.upperBound), found \(found)")
            return defaultValue
        }
        return found
    }

    /// One of a few words.
    func choice<Choice>(_ key: String, default defaultValue: Choice) -> Choice
    where Choice: RawRepresentable<String> & CaseIterable {
        optionalChoice(key, default: "\"\(defaultValue.rawValue)\"") ?? defaultValue
    }

    func optionalChoice<Choice>(_ key: String, default described: String? = nil) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let word = text(key, default: described) else { return nil }
        if let choice = Choice(rawValue: word) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        report(
            .badValue, key, "allowed: \(words.map { "\"\($0)\"" }.joined(separator: ", "))",
            hint: nearest(to: word, among: words).map { "did you mean \"\($0)\"?" })
        return nil
    }

    /// A list of texts; `described` says what is allowed, and `accept` makes an entry of one or refuses it.
    func list<Element>(_ key: String, of described: String, accept: (TOMLNode) -> Element?) -> [Element] {
        let nodes: [TOMLNode] =
            value(key, default: "[]", expecting: "a list of \(described)") { node in
                if case .array(let elements) = node { elements } else { nil }
            } ?? []
        var elements: [Element] = []
        for (index, node) in nodes.enumerated() {
            if let element = accept(node) {
                elements.append(element)
            } else {
                report(.badValue, key, "entry \(index + 1) is not allowed here", hint: "write a list of \(described)")
            }
        }
        return elements
    }

    func strings(_ key: String, of described: String) -> [String] {
        list(key, of: described) { node in
            if case .string(let text) = node, !text.isEmpty, !Placeholder.matches(text) { text } else { nil }
        }
    }

    private func text(_ key: String, default defaultValue: String?) -> String? {
        let found: String? = value(key, default: defaultValue, expecting: "a text in quotes") { node in
            if case .string(let text) = node { text } else { nil }
        }
        guard let found, Placeholder.matches(found) else { return found }
        report(.placeholder, key, "still has the placeholder of the example", hint: "put your own value here")
        return nil
    }
}

extension TOMLNode {
    fileprivate var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }
}
