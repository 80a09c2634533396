/// What a task works on.
package struct WorkspaceSource: Hashable, Sendable, Codable {
    /// An https, ssh, git or file URL, or an absolute path on the daemon's machine; never with credentials in it.
    package var url: String
    package var branch: String?
    /// A pull (merge) request's number.
    package var pull: Int?
    /// The commit to begin from, whatever the branch has become since; its whole hash.
    package var commit: String?

    package init(url: String, branch: String? = nil, pull: Int? = nil, commit: String? = nil) {
        self.url = url
        self.branch = branch
        self.pull = pull
        self.commit = commit
    }
}

/// A workspace that is ready to be worked in.
package struct PreparedWorkspace: Hashable, Sendable, Codable {
    /// The commit that patches are made against.
    package let base: String
    package let branch: String?
    /// Absolute, inside the sandbox: the agent's working directory.
    package let path: String

    package init(base: String, branch: String?, path: String) {
        self.base = base
        self.branch = branch
        self.path = path
    }
}

/// What a repository says to an agent: its settings, hooks, MCP servers, environment.
package struct RepositorySettings: Hashable, Sendable, Codable {
    /// Another as soon as one of the files changes.
    package let id: String
    /// What they ask for, in words for a person.
    package let wishes: [String]

    package init(id: String, wishes: [String]) {
        self.id = id
        self.wishes = wishes
    }
}

/// What changed since the base commit.
package struct WorkspaceStatus: Hashable, Sendable, Codable {
    package struct File: Hashable, Sendable, Codable {
        package let path: String
        /// `added`, `modified`, `deleted`, `renamed`.
        package let status: String
        /// Lines; `nil` for binary files.
        package let added: Int?
        package let removed: Int?

        package init(path: String, status: String, added: Int?, removed: Int?) {
            self.path = path
            self.status = status
            self.added = added
            self.removed = removed
        }
    }

    package let base: String
    package let branch: String?
    package let files: [File]

    package init(base: String, branch: String?, files: [File]) {
        self.base = base
        self.branch = branch
        self.files = files
    }

    package var isDirty: Bool { !files.isEmpty }
}
