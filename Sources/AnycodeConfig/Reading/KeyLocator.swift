/// Finds the line on which each key of a TOML document stands; the parser tells it for syntax errors only.
///
/// Expects a document that parsed. What it cannot make sense of it steps over, so that it ends on any input.
struct KeyLocator {
    private var lines: [[String]: Int] = [:]
    private var elementCounts: [[String]: Int] = [:]
    private var cursor: TOMLCursor

    init(_ text: String) {
        cursor = TOMLCursor(text)
        scanDocument()
    }

    /// Line of a key, counted from 1; elements of a list are addressed by their index. Falls back to the nearest parent.
    func line(of path: [String]) -> Int? {
        var path = path
        while !path.isEmpty {
            if let line = lines[path] { return line }
            path.removeLast()
        }
        return nil
    }

    /// Every key path that the document spells out.
    var paths: some Collection<[String]> { lines.keys }

    private mutating func scanDocument() {
        var table: [String] = []
        while true {
            cursor.skipBlank()
            guard let next = cursor.peek else { return }
            let start = cursor.position
            if next == "[" {
                table = scanHeader()
            } else {
                scanKeyValue(in: table)
            }
            if cursor.position == start { cursor.advance() }
        }
    }

    /// `[a.b]` or `[[a.b]]`; returns the path that following keys belong to.
    private mutating func scanHeader() -> [String] {
        let line = cursor.line
        cursor.advance()
        let isElement = cursor.take("[")
        let keys = cursor.takeKeyPath()
        _ = cursor.take("]") && isElement && cursor.take("]")
        var path: [String] = []
        for (offset, key) in keys.enumerated() {
            path.append(key)
            record(path, at: line)
            let isLast = offset == keys.count - 1
            if isLast && isElement { elementCounts[path, default: 0] += 1 }
            if let count = elementCounts[path] {
                path.append(String(count - 1))
                record(path, at: line)
            }
        }
        return path
    }

    private mutating func scanKeyValue(in table: [String]) {
        var path = table
        let line = cursor.line
        for key in cursor.takeKeyPath() {
            path.append(key)
            record(path, at: line)
        }
        cursor.skipSpaces()
        guard cursor.take("=") else { return }
        scanValue(at: path, depth: 0)
    }

    private mutating func scanValue(at path: [String], depth: Int) {
        cursor.skipSpaces()
        // The parser refuses deeper nesting than 256 itself.
        guard depth < 300 else { return }
        switch cursor.peek {
        case "\"", "'": cursor.skipString()
        case "{":
            scanItems(until: "}") { locator, _ in
                let line = locator.cursor.line
                var inner = path
                for key in locator.cursor.takeKeyPath() {
                    inner.append(key)
                    locator.record(inner, at: line)
                }
                locator.cursor.skipSpaces()
                if locator.cursor.take("=") { locator.scanValue(at: inner, depth: depth + 1) }
            }
        case "[":
            scanItems(until: "]") { locator, index in
                locator.record(path + [String(index)], at: locator.cursor.line)
                locator.scanValue(at: path + [String(index)], depth: depth + 1)
            }
        default: cursor.skipBare()
        }
    }

    private mutating func scanItems(until end: Unicode.Scalar, item: (inout KeyLocator, Int) -> Void) {
        cursor.advance()
        var index = 0
        while true {
            cursor.skipBlank()
            if cursor.peek == nil || cursor.take(end) { return }
            let start = cursor.position
            item(&self, index)
            index += 1
            cursor.skipBlank()
            _ = cursor.take(",")
            if cursor.position == start { cursor.advance() }
        }
    }

    private mutating func record(_ path: [String], at line: Int) {
        if lines[path] == nil { lines[path] = line }
    }
}
