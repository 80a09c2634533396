import AnycodeCore

/// Finds the repository that a prompt names.
///
/// Taken: GitHub and GitLab URLs with `/tree/branch`, `/pull/12` and `/-/merge_requests/12`, any URL that ends in
/// `.git`, ssh forms, and the shorthand `org/repo` (GitHub). Not taken: file paths, dates, fractions, `and/or`.
package enum RepositoryDetection {
    /// The first repository in the text.
    package static func find(in text: String) -> RequestedSource? {
        let words = text.split(whereSeparator: \.isWhitespace).map(bare)
        for word in words {
            if let source = url(word) ?? ssh(word) { return source }
        }
        for (place, word) in words.enumerated() {
            if let source = shorthand(word), !isPath(words, place) { return source }
        }
        return nil
    }

    /// The repository, if the text is nothing else; here a shorthand needs no further signs.
    package static func only(in text: String) -> RequestedSource? {
        let words = text.split(whereSeparator: \.isWhitespace).map(bare)
        guard words.count == 1, let word = words.first else { return nil }
        return url(word) ?? ssh(word) ?? shorthand(word)
    }

    /// The word without the punctuation around it.
    private static func bare(_ word: Substring) -> Substring {
        let around: Set<Character> = ["(", ")", "[", "]", "<", ">", "\"", "'", "`", ",", ";", "!", "?", ":"]
        var word = word
        while let first = word.first, around.contains(first) { word.removeFirst() }
        while let last = word.last, around.contains(last) || last == "." { word.removeLast() }
        return word
    }

    // MARK: URLs

    private static func url(_ word: Substring) -> RequestedSource? {
        var rest = word
        if let scheme = ["https://", "http://"].first(where: { word.lowercased().hasPrefix($0) }) {
            rest = word.dropFirst(scheme.count)
        } else if !["github.com/", "gitlab.com/"].contains(where: { word.lowercased().hasPrefix($0) }) {
            return nil
        }
        rest = rest.prefix { $0 != "#" && $0 != "?" }
        var parts = rest.split(separator: "/").map(String.init)
        guard parts.count >= 3 else { return nil }
        let authority = parts.removeFirst()
        guard !authority.contains("@") else { return nil }  // a URL with credentials in it is not passed on
        let host = authority.lowercased()
        let isGitLab = host == "gitlab.com" || host.hasPrefix("gitlab.")
        guard isGitLab || host == "github.com" || host.hasPrefix("github.") || rest.hasSuffix(".git") else { return nil }
        return locate(host: host, path: parts, isGitLab: isGitLab, spelling: String(word))
    }

    private static func locate(host: String, path: [String], isGitLab: Bool, spelling: String) -> RequestedSource? {
        var project = path
        var branch: String?
        var pull: Int?
        if let mark = path.firstIndex(where: { ["-", "tree", "blob", "pull", "merge_requests", "commit"].contains($0) }),
            mark >= 2
        {
            project = Array(path[..<mark])
            var view = Array(path[mark...])
            if view.first == "-" { view.removeFirst() }
            switch view.first {
            case "tree": branch = view.count > 1 ? view[1...].joined(separator: "/") : nil
            case "blob": branch = view.count > 1 ? view[1] : nil
            case "pull", "merge_requests": pull = view.count > 1 ? Int(view[1]) : nil
            default: break
            }
        } else if !isGitLab, host == "github.com" {
            project = Array(path.prefix(2))
        }
        guard project.count >= 2, let name = project.last else { return nil }
        project[project.count - 1] = name.hasSuffix(".git") ? String(name.dropLast(4)) : name
        guard project.allSatisfy(isName) else { return nil }
        let url = "https://\(host)/\(project.joined(separator: "/")).git"
        return RequestedSource(source: WorkspaceSource(url: url, branch: branch, pull: pull), spelling: spelling)
    }

    private static func ssh(_ word: Substring) -> RequestedSource? {
        if word.hasPrefix("ssh://") {
            let path = word.dropFirst(6).split(separator: "/")
            guard path.count >= 3 else { return nil }
            return RequestedSource(source: WorkspaceSource(url: String(word)), spelling: String(word))
        }
        guard word.hasPrefix("git@"), let colon = word.firstIndex(of: ":") else { return nil }
        let host = word[word.index(word.startIndex, offsetBy: 4)..<colon]
        let path = word[word.index(after: colon)...].split(separator: "/").map(String.init)
        guard isHost(host), path.count >= 2, path.allSatisfy(isName) else { return nil }
        return RequestedSource(source: WorkspaceSource(url: String(word)), spelling: String(word))
    }

    // MARK: Shorthand

    private static func shorthand(_ word: Substring) -> RequestedSource? {
        let parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, isOwner(parts[0]), isRepository(parts[1]), !isEverydayPair(parts) else { return nil }
        let name = parts[1].hasSuffix(".git") ? String(parts[1].dropLast(4)) : parts[1]
        return RequestedSource(
            source: WorkspaceSource(url: "https://github.com/\(parts[0])/\(name).git"), spelling: "\(parts[0])/\(name)")
    }

    /// GitHub's rule for owners: letters, digits and single hyphens, at most 39.
    private static func isOwner(_ text: String) -> Bool {
        !text.isEmpty && text.count <= 39 && !text.hasPrefix("-") && !text.hasSuffix("-") && !text.contains("--")
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }

    private static func isRepository(_ text: String) -> Bool {
        isName(text) && text.count <= 100 && text.contains { $0.isLetter }
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".."
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }

    private static func isHost(_ text: Substring) -> Bool {
        text.contains(".") && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) }
    }

    /// Pairs of everyday words, folders, fractions and dates that are written with a slash.
    private static func isEverydayPair(_ parts: [String]) -> Bool {
        let left = parts[0].lowercased()
        let right = parts[1].lowercased()
        if left.allSatisfy(\.isNumber) { return true }
        if folders.contains(left) || everyday.contains("\(left)/\(right)") { return true }
        return fileEndings.contains { right.hasSuffix($0) }
    }

    private static let everyday: Set<String> = [
        "and/or", "either/or", "client/server", "read/write", "input/output", "i/o", "yes/no", "on/off", "true/false",
        "he/she", "his/her", "she/he", "s/he", "tcp/ip", "http/https", "up/down", "start/stop", "add/remove",
        "get/set", "push/pull", "ci/cd", "a/b", "n/a", "w/o", "pass/fail", "start/end", "left/right", "in/out",
        "before/after", "enable/disable", "create/update", "open/close", "source/target", "name/value", "key/value",
        "success/failure", "request/response", "encode/decode", "login/logout", "import/export", "debug/release",
    ]

    private static let folders: Set<String> = [
        "src", "lib", "libs", "test", "tests", "spec", "docs", "doc", "app", "apps", "bin", "etc", "usr", "var", "tmp",
        "home", "sources", "source", "include", "scripts", "config", "public", "static", "assets", "build", "dist",
        "packages", "pkg", "cmd", "internal", "api", "node_modules", "vendor", "examples", "components", "pages",
        "utils", "models", "views", "controllers", "migrations", "templates", "crates", "tools", "text", "application",
        "image", "origin", "refs", "feature", "bugfix", "hotfix", "fix", "release", "chore", "feat",
    ]

    private static let fileEndings = [
        ".swift", ".rs", ".go", ".py", ".js", ".ts", ".tsx", ".jsx", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".kt",
        ".rb", ".php", ".cs", ".sh", ".md", ".txt", ".json", ".yml", ".yaml", ".toml", ".xml", ".html", ".css", ".sql",
        ".lock", ".cfg", ".ini", ".proto", ".gradle", ".png", ".jpg", ".svg", ".csv", ".pdf", ".log",
    ]

    /// `the file a/b`, `in folder a/b`: the word before says that it is a path.
    private static func isPath(_ words: [Substring], _ place: Int) -> Bool {
        guard place > 0 else { return false }
        return ["file", "files", "folder", "directory", "dir", "path", "module"].contains(words[place - 1].lowercased())
    }
}
