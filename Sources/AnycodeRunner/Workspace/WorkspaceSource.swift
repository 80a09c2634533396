/// What a workspace is cloned from.
package struct WorkspaceSource: Decodable, Sendable, Equatable {
    package struct Credentials: Decodable, Sendable, Equatable {
        var username: String
        var password: String
    }

    private enum CodingKeys: String, CodingKey {
        case address = "url", branch, pull, commit, depth, credentials
    }

    /// Address or absolute path, without user information for HTTP.
    var address: String
    var branch: String?
    /// Number of a pull or merge request.
    var pull: Int?
    /// Where to begin, instead of at the branch's end; a whole hash.
    var commit: String?
    var depth: Int?
    var credentials: Credentials?
    /// `https://host[:port]`, the only place the credentials may go to.
    private(set) var origin: String?

    /// An address that was checked before, with credentials for it; nil where that is none for HTTP.
    init?(_ address: String, _ credentials: Credentials) {
        self.address = address
        self.credentials = credentials
        guard address.hasPrefix("https://") || address.hasPrefix("http://"),
            let end = address.firstRange(of: "://")?.upperBound
        else { return nil }
        origin = String(address[..<end]) + address[end...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        address = try values.decode(String.self, forKey: .address)
        branch = try values.decodeIfPresent(String.self, forKey: .branch)
        pull = try values.decodeIfPresent(Int.self, forKey: .pull)
        commit = try values.decodeIfPresent(String.self, forKey: .commit)
        depth = try values.decodeIfPresent(Int.self, forKey: .depth)
        credentials = try values.decodeIfPresent(Credentials.self, forKey: .credentials)
        try check()
    }

    /// Tells one source from another; contains no secret.
    var key: String {
        ([address, branch ?? "", pull.map(String.init) ?? ""] + (commit.map { [$0] } ?? [])).joined(separator: "\n")
    }

    private mutating func check() throws(RunnerError) {
        let refused = RunnerError(.invalid, "This is no address of a repository that can be cloned.")
        guard !address.isEmpty, !address.hasPrefix("-"), !address.contains("::"),
            address.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F || $0 == " " })
        else { throw refused }
        if let branch, branch.isEmpty || branch.hasPrefix("-") || branch.contains("..") || branch.contains(" ") {
            throw RunnerError(.invalid, "“\(branch)” is no name of a branch.")
        }
        if let commit, !(40...64).contains(commit.utf8.count) || !commit.allSatisfy(\.isHexDigit) {
            throw RunnerError(.invalid, "“\(commit.prefix(80))” is no commit.")
        }
        guard pull ?? 1 > 0, depth ?? 1 > 0 else {
            throw RunnerError(.invalid, "A number in the source is not positive.")
        }
        if address.hasPrefix("/") { return }
        guard let colon = address.firstIndex(of: ":"), !address[..<colon].contains("/") else { throw refused }
        // Without slashes it is user@host:path, as ssh has it.
        guard address[colon...].hasPrefix("://") else { return }
        switch address[..<colon].lowercased() {
        case "https", "http": splitUserInformation(after: address.index(colon, offsetBy: 3))
        case "ssh", "git", "file": break
        default: throw refused
        }
    }

    /// Credentials in an address would end in the repository's configuration.
    private mutating func splitUserInformation(after start: String.Index) {
        let rest = address[start...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        origin = String(address[..<start]) + host
        guard let at = authority.lastIndex(of: "@") else { return }
        let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            .map { $0.percentDecoded ?? String($0) }
        if credentials == nil, let user = parts.first {
            // A lone name is a token: hosts take it as either half.
            credentials = Credentials(username: user, password: parts.count > 1 ? parts[1] : user)
        }
        address = String(address[..<start]) + host + rest.dropFirst(authority.count)
    }

    /// Environment that hands the credentials to git, for the address's own host only and never through a file.
    var credentialEnvironment: [String: String] {
        guard let credentials, let origin, !credentials.password.contains("\n"), !credentials.username.contains("\n")
        else { return [:] }
        let helper =
            #"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$ANYCODE_GIT_USERNAME" "$ANYCODE_GIT_PASSWORD"; }; f"#
        return [
            // The empty value forgets every other helper, which could write to disk.
            "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "credential.helper", "GIT_CONFIG_VALUE_0": "",
            "GIT_CONFIG_KEY_1": "credential.\(origin).helper", "GIT_CONFIG_VALUE_1": helper,
            "ANYCODE_GIT_USERNAME": credentials.username, "ANYCODE_GIT_PASSWORD": credentials.password,
        ]
    }
}
