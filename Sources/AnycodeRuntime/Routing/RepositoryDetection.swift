import AnycodeCore

/// Finds the repository that a prompt names.
///
/// Taken: GitHub and GitLab URLs with `/tree/branch`, `/pull/12` and `/-/merge_requests/12`, any URL that ends in
/// `.git`, ssh forms, and the shorthand `org/repo` (GitHub). Not taken: file paths, dates, fractions, `and/or`.
package enum RepositoryDetection {
    /// The first repository in the text.
    package static func find(in text: String) -> RequestedSource? {
        let words = words(text)
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
        let words = words(text)
        guard words.count == 1, let word = words.first else { return nil }
        return url(word) ?? ssh(word) ?? shorthand(word, isExpected: true)
    }

    /// The words of the text; of a Markdown link, its words and its address.
    private static func words(_ text: String) -> [Substring] {
        text.replacing("](", with: " ").split(whereSeparator: \.isWhitespace).map(bare)
    }

    /// The word without the punctuation around it.
    private static func bare(_ word: Substring) -> Substring {
        let around: Set<Character> = ["(", ")", "[", "]", "<", ">", "\"", "'", "`", ",", ";", "!", "?", ":", "*"]
        var word = word
        while let first = word.first, around.contains(first) { word.removeFirst() }
        while let last = word.last, around.contains(last) || last == "." { word.removeLast() }
        return word
    }

    // MARK: URLs

    private static func url(_ word: Substring) -> RequestedSource? {
        var rest = word
        let isPlain = word.lowercased().hasPrefix("http://")
        if let scheme = ["https://", "http://"].first(where: { word.lowercased().hasPrefix($0) }) {
            rest = word.dropFirst(scheme.count)
        } else if !["github.com/", "www.github.com/", "gitlab.com/"].contains(where: { word.lowercased().hasPrefix($0) }
        ) {
            return nil
        }
        rest = rest.prefix { $0 != "#" && $0 != "?" }
        var parts = rest.split(separator: "/").map(String.init)
        guard parts.count >= 3 else { return nil }
        let authority = parts.removeFirst()
        guard !authority.contains("@") else { return nil }  // a URL with credentials in it is not passed on
        let host =
            authority.lowercased().hasPrefix("www.") ? authority.lowercased().dropFirst(4) : authority.lowercased()[...]
        let isGitLab = host == "gitlab.com" || host.hasPrefix("gitlab.")
        guard isGitLab || host == "github.com" || host.hasPrefix("github.") || rest.hasSuffix(".git") else {
            return nil
        }
        guard host != "github.com" || !reservedOwners.contains(parts[0].lowercased()) else { return nil }
        let scheme = isPlain && host != "github.com" && host != "gitlab.com" ? "http" : "https"
        return locate("\(scheme)://\(host)", path: parts, takesTwo: host == "github.com", spelling: String(word))
    }

    /// What stands in an owner's place in GitHub's own pages.
    private static let reservedOwners: Set<String> = [
        "about", "apps", "codespaces", "collections", "contact", "enterprise", "events", "explore", "features",
        "issues",
        "join", "login", "logout", "marketplace", "new", "notifications", "organizations", "orgs", "pricing", "pulls",
        "search", "security", "sessions", "settings", "signup", "site", "sponsors", "stars", "topics", "trending",
        "users",
    ]

    private static func locate(_ root: String, path: [String], takesTwo: Bool, spelling: String) -> RequestedSource? {
        var project = path
        var branch: String?
        var pull: Int?
        if let mark = path.firstIndex(where: { ["-", "tree", "blob", "pull", "merge_requests", "commit"].contains($0) }
        ),
            mark >= 2
        {
            project = Array(path[..<mark])
            var view = Array(path[mark...])
            if view.first == "-" { view.removeFirst() }
            switch view.first {
            case "tree": branch = branchName(view.dropFirst().joined(separator: "/"))
            case "blob": branch = view.count > 1 ? branchName(view[1]) : nil
            case "pull", "merge_requests": pull = view.count > 1 ? Int(view[1]) : nil
            default: break
            }
        } else if takesTwo {
            project = Array(path.prefix(2))
        }
        guard project.count >= 2, let name = project.last else { return nil }
        project[project.count - 1] = name.hasSuffix(".git") ? String(name.dropLast(4)) : name
        guard project.allSatisfy(isName) else { return nil }
        let url = "\(root)/\(project.joined(separator: "/")).git"
        return RequestedSource(source: WorkspaceSource(url: url, branch: branch, pull: pull), spelling: spelling)
    }

    /// The branch as git knows it; `nil` for what git would not take or might take for an option.
    private static func branchName(_ part: String) -> String? {
        var bytes: [UInt8] = []
        var rest = part.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        let name = String(decoding: bytes, as: UTF8.self)
        let isSafe = !name.isEmpty && !name.hasPrefix("-") && !name.contains("..")
        return isSafe && name.allSatisfy { !$0.isWhitespace && !"~^:?*[\\\u{7f}".contains($0) && $0 >= " " }
            ? name : nil
    }

    private static func ssh(_ word: Substring) -> RequestedSource? {
        if word.hasPrefix("ssh://") {
            let path = word.dropFirst(6).split(separator: "/")
            guard path.count >= 3, isAuthority(path[0]) else { return nil }
            return RequestedSource(source: WorkspaceSource(url: String(word)), spelling: String(word))
        }
        guard word.hasPrefix("git@"), let colon = word.firstIndex(of: ":") else { return nil }
        let host = word[word.index(word.startIndex, offsetBy: 4)..<colon]
        let path = word[word.index(after: colon)...].split(separator: "/").map(String.init)
        guard isHost(host), path.count >= 2, path.allSatisfy(isName) else { return nil }
        return RequestedSource(source: WorkspaceSource(url: String(word)), spelling: String(word))
    }

    /// `[user@]host[:port]`. A password in it is not passed on, and nothing that ssh would take as an option.
    private static func isAuthority(_ text: Substring) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let place = parts.last else { return false }
        if parts.count == 2, parts[0].isEmpty || !isName(String(parts[0])) || parts[0].hasPrefix("-") { return false }
        let address = place.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = address.first, isName(String(host)), !host.hasPrefix("-") else { return false }
        return address.count == 1 || UInt16(address[1]) != nil
    }

    // MARK: Shorthand

    /// - Parameter isExpected: a repository was asked for, so that no everyday pair is meant.
    private static func shorthand(_ word: Substring, isExpected: Bool = false) -> RequestedSource? {
        let parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, isOwner(parts[0]), isRepository(parts[1]) else { return nil }
        guard isExpected || !EverydayPairs.contains(parts[0], parts[1]) else { return nil }
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

    /// `the file a/b`, `in folder a/b`: the word before says that it is a path.
    private static func isPath(_ words: [Substring], _ place: Int) -> Bool {
        guard place > 0 else { return false }
        return ["file", "files", "folder", "directory", "dir", "path", "module"].contains(words[place - 1].lowercased())
    }
}
