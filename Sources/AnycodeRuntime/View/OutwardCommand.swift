import AnycodeCore

/// A command that lets work or words out of the sandbox: it pushes, publishes, or reaches a foreign remote.
///
/// Read from the command's words alone, so that a person looks twice. It errs towards flagging; who wants to hide a
/// command from it can, which is why the whole command is shown as well.
struct OutwardCommand: Hashable, Sendable {
    /// What it does: `pushes`.
    let act: String
    /// Where to, as far as the words say.
    let remote: String?

    /// - Parameter origin: The address that the task was cloned from; reading from it is nothing to flag.
    init?(_ command: String, origin: String?) {
        let words = Self.words(command)
        for (place, word) in words.enumerated() {
            let program = String(word.split(separator: "/").last ?? "").lowercased()
            // The arguments of one command, until something that begins another.
            let rest = words[(place + 1)...].prefix { !Self.isSeparator($0) }.map { $0 }
            if let found = Self.act(of: program, rest, origin) {
                self = found
                return
            }
        }
        return nil
    }

    private init(_ act: String, _ remote: String?) {
        self.act = act
        self.remote = remote
    }

    /// For a person: `⚠️ It pushes to …`.
    var warning: String { "⚠️ It \(act)\(remote.map { " \(StreamView.code($0))" } ?? "")" }

    private static func act(of program: String, _ arguments: [String], _ origin: String?) -> OutwardCommand? {
        switch program {
        case "git": return git(arguments, origin)
        case "gh", "glab", "hub": return forge(program, arguments)
        case "scp", "rsync", "sftp", "ssh":
            let target = arguments.first {
                !$0.hasPrefix("-") && ($0.contains(":") || $0.contains("@") || program == "ssh")
            }
            return target.map { OutwardCommand("reaches the other machine", $0) }
        case "curl", "wget": return upload(arguments)
        default:
            let verbs = publishers[program] ?? []
            guard let verb = arguments.first(where: { verbs.contains($0) }) else { return nil }
            return OutwardCommand("publishes with", "\(program) \(verb)")
        }
    }

    private static let publishers: [String: Set<String>] = [
        "npm": ["publish"], "pnpm": ["publish"], "yarn": ["publish"], "bun": ["publish"], "cargo": ["publish"],
        "twine": ["upload"], "poetry": ["publish"], "uv": ["publish"], "flit": ["publish"], "hatch": ["publish"],
        "gem": ["push"], "docker": ["push"], "podman": ["push"], "helm": ["push"], "nuget": ["push"],
        "mvn": ["deploy"], "gradle": ["publish"], "gradlew": ["publish"], "vsce": ["publish"],
        "swift": ["package-registry"], "wrangler": ["deploy", "publish"],
    ]

    private static func git(_ arguments: [String], _ origin: String?) -> OutwardCommand? {
        // `-C folder` and `-c key=value` come before the subcommand.
        var rest = arguments[...]
        while let word = rest.first, word.hasPrefix("-") { rest = rest.dropFirst(word == "-C" || word == "-c" ? 2 : 1) }
        guard let verb = rest.popFirst() else { return nil }
        let address = rest.first(where: isAddress)
        switch verb {
        case "push":
            let named = rest.first { !$0.hasPrefix("-") }
            let target = address ?? (named == nil || named == "origin" ? origin : nil) ?? named
            return OutwardCommand("pushes to", target ?? "origin")
        case "remote":
            guard let change = rest.first, ["add", "set-url"].contains(change) else { return nil }
            return OutwardCommand("changes where git pushes and fetches:", address)
        case "send-email": return OutwardCommand("sends mail", nil)
        case "fetch", "pull", "clone", "ls-remote", "submodule":
            guard let address, !isSame(address, origin) else { return nil }
            return OutwardCommand("reaches the foreign remote", address)
        default: return nil
        }
    }

    /// Everything but looking.
    private static func forge(_ program: String, _ arguments: [String]) -> OutwardCommand? {
        let words = arguments.filter { !$0.hasPrefix("-") }
        let harmless: Set = [
            "view", "list", "status", "diff", "checks", "search", "browse", "checkout", "watch", "download",
        ]
        guard let first = words.first, !["search", "status", "help", "version", "completion"].contains(first) else {
            return nil
        }
        if words.count > 1, harmless.contains(words[1]) { return nil }
        return OutwardCommand("acts on the forge with", ([program] + words.prefix(2)).joined(separator: " "))
    }

    private static func upload(_ arguments: [String]) -> OutwardCommand? {
        let flags = [
            "-d", "-T", "-F", "--data", "--data-binary", "--data-raw", "--data-urlencode", "--form", "--json",
            "--upload-file", "--post-data", "--post-file", "--body-file", "--body-data",
        ]
        let sends = arguments.enumerated().contains { place, word in
            flags.contains(word) || flags.contains { word.hasPrefix("\($0)=") }
                || (["-X", "--request", "--method"].contains(word)
                    && ["POST", "PUT", "PATCH", "DELETE"].contains(arguments.dropFirst(place + 1).first ?? ""))
        }
        let target = arguments.first { $0.contains("://") } ?? arguments.last { !$0.hasPrefix("-") }
        guard sends, let target, !isLocal(target) else { return nil }
        return OutwardCommand("sends data to", target)
    }

    private static func isLocal(_ target: String) -> Bool {
        let host =
            target.split(separator: "/", omittingEmptySubsequences: true)
            .first { !$0.hasSuffix(":") }.map(String.init) ?? target
        return ["localhost", "127.0.0.1", "[::1]"].contains { host == $0 || host.hasPrefix("\($0):") }
    }

    private static func isAddress(_ word: String) -> Bool {
        word.contains("://") || (word.contains("@") && word.contains(":"))
    }

    private static func isSame(_ address: String, _ origin: String?) -> Bool {
        func plain(_ text: String) -> String {
            let text = text.lowercased()
            return text.hasSuffix(".git") ? String(text.dropLast(4)) : text
        }
        return origin.map { plain($0) == plain(address) } ?? false
    }

    private static func isSeparator(_ word: String) -> Bool { [";", "&", "|", "(", ")", "\n", "`"].contains(word) }

    /// Words and separators; quotes only hold a word together at most, since what is in them may be run as well.
    private static func words(_ command: String) -> [String] {
        var words: [String] = []
        var word = ""
        func end() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for character in command.prefix(64 * 1024) {
            switch character {
            case " ", "\t", "\r", "\"", "'", "\\", ",", "[", "]", "{", "}", "$": end()
            case ";", "&", "|", "(", ")", "\n", "`":
                end()
                words.append(String(character))
            default: word.append(character)
            }
        }
        end()
        return words
    }
}

extension PermissionRequest {
    /// What of it lets something out of the sandbox.
    ///
    /// - Parameter origin: The address that the task was cloned from.
    func outward(origin: String?) -> OutwardCommand? {
        switch toolCall.kind {
        // What is written into a file, or looked for, runs nothing.
        case .read, .edit, .delete, .move, .search, .think: return nil
        default: break
        }
        let input = toolCall.rawInput.flatMap(ToolInput.init(json:))?.text
        return [input, toolCall.title].compactMap(\.self).lazy
            .compactMap { OutwardCommand($0, origin: origin) }.first
    }

    /// The options that people are given, with their places: "always" is none for what leaves the sandbox.
    func offered(origin: String?) -> [(place: Int, option: Option)] {
        let isOutward = outward(origin: origin) != nil
        return options.enumerated().filter { !isOutward || $0.element.kind != .allowAlways }
            .map { ($0.offset, $0.element) }
    }
}
