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
    }
}

extension Configuration.GitHub {
    init(reading section: Section) {
        token = section.secret("token", "the token", required: false)
        access = section.choice("access", default: .agent)
    }
}
