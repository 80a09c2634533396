import AnycodeCore

@testable import AnycodeRuntime

extension FuzzTarget {
    /// What people write: nothing of a prompt is lost but white space around it, and a repository that is found is one
    /// that git may be given.
    static let commands = FuzzTarget(name: "commands") { bytes throws(FuzzFailure) in
        let text = String(decoding: bytes, as: UTF8.self)
        switch ChatCommand.parse(text, agents: [AgentName("claude-code"), AgentName("codex")]) {
        case .task(_, let prompt):
            try require(text.contains(prompt), "the prompt is not what was written")
            try require(prompt.first?.isWhitespace != true && prompt.last?.isWhitespace != true, "not trimmed")
        case .plain(let plain):
            try require(text.contains(plain), "the text is not what was written")
        case .unknown(let name, _):
            try require(!name.contains { $0.isWhitespace }, "a name with white space")
        default: break
        }
        for source in [RepositoryDetection.find(in: text), RepositoryDetection.only(in: text)].compactMap(\.self) {
            try check(source.source.url)
        }
    }

    private static func check(_ url: String) throws(FuzzFailure) {
        try require(!url.hasPrefix("-"), "git would take \(url) as an option")
        try require(!url.contains { $0.isWhitespace || $0.isNewline }, "white space in \(url)")
        let scheme = url.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        try require(!url.dropFirst(scheme.count).hasPrefix("::"), "git would take \(url) as a transport helper")
        let address = url.split(separator: "://", maxSplits: 1).last ?? ""
        let host = address.split(separator: "@", maxSplits: 1).last ?? ""
        try require(!address.hasPrefix("-") && !host.hasPrefix("-"), "ssh would take the host of \(url) as an option")
        try require(
            ["https://", "http://", "ssh://", "git@"].contains { url.hasPrefix($0) } || url.contains("@"),
            "a repository of another kind: \(url)")
    }
}
