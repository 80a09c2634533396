/// Where pull requests are opened: GitHub, or a GitHub Enterprise of one's own.
package protocol PullRequestHost: Sendable {
    /// Opens a pull request, or finds the one that is open for its branch already.
    func open(_ draft: PullRequestDraft) async throws(AgentError) -> OpenedPullRequest
}

package struct PullRequestDraft: Hashable, Sendable {
    /// `org/repo`.
    package let repository: String
    package let branch: String
    /// The branch that it is to be merged into; `nil` for the repository's own.
    package let base: String?
    package let title: String
    package let body: String

    package init(repository: String, branch: String, base: String?, title: String, body: String) {
        self.repository = repository
        self.branch = branch
        self.base = base
        self.title = title
        self.body = body
    }
}

package struct OpenedPullRequest: Hashable, Sendable, Codable {
    package let number: Int
    /// Of its page.
    package let url: String
    /// Whether it was there already, and got the newer changes.
    package let wasOpen: Bool

    package init(number: Int, url: String, wasOpen: Bool) {
        self.number = number
        self.url = url
        self.wasOpen = wasOpen
    }
}
