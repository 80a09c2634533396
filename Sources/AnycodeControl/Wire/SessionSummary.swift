/// A session in a list. Times are in seconds.
package struct SessionSummary: Sendable, Equatable, Codable {
    package var id: String
    /// `working`, `waiting`, `idle`, `completed` and so on.
    package var state: String
    /// Whether it may still go on.
    package var isLive: Bool
    package var agent: String
    /// Platform and chat, as `telegram 42`.
    package var chat: String
    package var starter: String
    package var prompt: String
    /// Repository as it was named, with its branch.
    package var repository: String?
    /// Since it was asked for.
    package var age: Double
    package var waiting: TreeNode.Waiting?

    package init(
        id: String, state: String, isLive: Bool, agent: String, chat: String, starter: String, prompt: String,
        repository: String? = nil, age: Double, waiting: TreeNode.Waiting? = nil
    ) {
        self.id = id
        self.state = state
        self.isLive = isLive
        self.agent = agent
        self.chat = chat
        self.starter = starter
        self.prompt = prompt
        self.repository = repository
        self.age = age
        self.waiting = waiting
    }
}
