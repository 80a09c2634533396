extension Configuration {
    package struct GitHub: Sendable, Equatable {
        package enum Access: String, Sendable, CaseIterable {
            /// The token clones; the agent never sees it.
            case clone
            /// The agent has it too, for `gh` and `git push`.
            case agent
        }

        package var token: Secret?
        package var access: Access
        /// Of GitHub's API, without a slash at its end.
        package var apiBaseURL: String

        /// The host that repositories are cloned from and pushed to.
        package var host: String {
            let host = apiBaseURL.split(separator: "/").dropFirst().first.map(String.init) ?? ""
            return host == "api.github.com" ? "github.com" : host
        }
    }
}

extension Configuration.GitHub {
    init(reading section: Section) {
        token = section.secret("token", "the token", required: false)
        access = section.choice("access", default: .agent)
        apiBaseURL = section.baseURL("api_base_url", default: "https://api.github.com")
    }
}
