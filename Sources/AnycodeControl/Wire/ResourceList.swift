/// Every resource that was ever made and is not known to be gone.
package struct ResourceList: Sendable, Equatable, Codable {
    package struct Resource: Sendable, Equatable, Codable {
        /// The lease's id.
        package var lease: String
        package var provider: String
        /// The provider's own name for it; `nil` when the provider does not list it.
        package var name: String?
        /// `intended`, `created` and so on, or `unknown` to the store.
        package var state: String
        package var isRunning: Bool
        /// Session and person; `nil` when nobody is known.
        package var owner: String?
        package var session: String?
        /// Seconds since it was intended.
        package var age: Double
        /// Whether nobody owns it any more.
        package var isOrphan: Bool
        /// Why it lives.
        package var reason: String
        /// How to end it.
        package var remedy: String

        package init(
            lease: String, provider: String, name: String? = nil, state: String, isRunning: Bool = false,
            owner: String? = nil, session: String? = nil, age: Double, isOrphan: Bool, reason: String, remedy: String
        ) {
            self.lease = lease
            self.provider = provider
            self.name = name
            self.state = state
            self.isRunning = isRunning
            self.owner = owner
            self.session = session
            self.age = age
            self.isOrphan = isOrphan
            self.reason = reason
            self.remedy = remedy
        }
    }

    /// Oldest first.
    package var resources: [Resource]
    /// Providers that could not be asked, with the reason: what they hold is told by the store alone.
    package var problems: [String]

    package init(resources: [Resource] = [], problems: [String] = []) {
        self.resources = resources
        self.problems = problems
    }
}
