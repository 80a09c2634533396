package import TestJSON

/// A script file that cannot be used, and where.
package struct ScriptFileError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
}

extension [ModelScript] {
    /// Scripts from a file: `[{"word": "GO", "steps": [{"text": "…", "calls": [{"kind": "shell", "command": "ls"}]}]}]`.
    ///
    /// Members of a step: `text`, `thinking`, `repeat`, `pace_ms`, `cut_after_words`, `calls`, `failure` (`status`,
    /// `retry_after`, `times`). Kinds of call: `shell`, `write`, `ask`, or `named` with `name` and `input`.
    package init(json: JSON) throws(ScriptFileError) {
        guard let list = json.array else { throw ScriptFileError(description: "the file is not a list of scripts") }
        self = []
        for (index, item) in list.enumerated() { append(try ModelScript(json: item, at: "scripts[\(index)]")) }
    }
}

extension ModelScript {
    fileprivate init(json: JSON, at place: String) throws(ScriptFileError) {
        try json.allow(["word", "steps"], at: place)
        guard let list = json["steps"]?.array, !list.isEmpty else {
            throw ScriptFileError(description: "\(place): steps is missing or empty")
        }
        self.init(word: json["word"]?.string, steps: [])
        for (index, item) in list.enumerated() { steps.append(try Step(json: item, at: "\(place).steps[\(index)]")) }
    }
}

extension ModelScript.Step {
    fileprivate init(json: JSON, at place: String) throws(ScriptFileError) {
        try json.allow(
            ["text", "thinking", "repeat", "pace_ms", "cut_after_words", "calls", "failure"], at: place)
        self.init(
            json["text"]?.string ?? "", thinking: json["thinking"]?.string, repetitions: json["repeat"]?.integer ?? 1,
            pace: .milliseconds(json["pace_ms"]?.integer ?? 0), cutAfterWords: json["cut_after_words"]?.integer)
        for (index, item) in (json["calls"]?.array ?? []).enumerated() {
            calls.append(try ModelCall(json: item, at: "\(place).calls[\(index)]"))
        }
        guard let failed = json["failure"] else { return }
        guard let status = failed["status"]?.integer, (400...599).contains(status) else {
            throw ScriptFileError(description: "\(place).failure.status: not within 400 to 599")
        }
        failure = ModelFailure(
            status: status, retryAfter: failed["retry_after"]?.integer, times: failed["times"]?.integer)
    }
}

extension ModelCall {
    fileprivate init(json: JSON, at place: String) throws(ScriptFileError) {
        switch (json["kind"]?.string, json) {
        case ("shell", let json):
            self = .shell(command: try json.required("command", at: place))
        case ("write", let json):
            self = .write(path: try json.required("path", at: place), content: json["content"]?.string ?? "")
        case ("ask", let json):
            self = .ask(
                question: try json.required("question", at: place),
                options: (json["options"]?.array ?? []).compactMap(\.string))
        case ("named", let json):
            self = .named(try json.required("name", at: place), input: json["input"] ?? [:])
        default:
            throw ScriptFileError(description: "\(place).kind: not one of shell, write, ask, named")
        }
    }
}

extension JSON {
    fileprivate func required(_ key: String, at place: String) throws(ScriptFileError) -> String {
        guard let value = self[key]?.string else {
            throw ScriptFileError(description: "\(place).\(key): a text is missing")
        }
        return value
    }

    fileprivate func allow(_ keys: Set<String>, at place: String) throws(ScriptFileError) {
        guard let members = object else { throw ScriptFileError(description: "\(place): not an object") }
        guard let unknown = members.keys.filter({ !keys.contains($0) }).min() else { return }
        throw ScriptFileError(description: "\(place).\(unknown): unknown member")
    }
}
