import AnycodeCore

extension SessionActor {
    /// Lets people see that the agent is at work, where the platform has a sign for it.
    func showTypingAtWork() async throws {
        guard let platform = runtime.platforms[header.conversation.chat.platform],
            let interval = platform.limits.typingInterval
        else { return }
        if brief.isAtWork { workBegan.raise() }
        while true {
            try await workBegan.wait()
            while brief.isAtWork {
                await platform.showTyping(in: header.conversation)
                try await runtime.clock.sleep(interval)
            }
        }
    }
}
