package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension TelegramPlatform {
    /// What the platform needs to know.
    package struct Configuration: Sendable {
        /// A command as Telegram lists it when a person types `/`.
        package struct Command: Hashable, Sendable {
            /// 1 to 32 of `a`–`z`, digits and `_`.
            package let name: String
            /// 1 to 256 characters.
            package let description: String

            package init(_ name: String, _ description: String) {
                self.name = name
                self.description = description
            }
        }

        package var token: Secret
        /// Without a slash at the end.
        package var baseURL: String
        package var commands: [Command]
        /// Whether the platform itself may answer this person here (that it does not take voice messages, for example).
        /// Strangers get silence.
        package var admits: @Sendable (Person, Conversation) async -> Bool
        /// Whether a task that begins in a forum gets a topic of its own.
        package var opensTopics: Bool
        package var memory: any ChatMemory
        /// Whether a webhook that takes the bot's updates is removed.
        package var removesWebhook: Bool
        /// How long Telegram holds a request for updates open.
        package var pollSeconds: Int
        /// How long any other call may take.
        package var callTimeout: Duration
        package var clock: any Clock<Duration>
        /// The calendar's time, for clicks, which carry none.
        package var now: @Sendable () -> Date
        /// Jitter: 0 to 1.
        package var random: @Sendable () -> Double
        var budget = TelegramBudget.Limits.afterStart

        package init(
            token: Secret, baseURL: String = "https://api.telegram.org", commands: [Command] = Self.standardCommands,
            admits: @escaping @Sendable (Person, Conversation) async -> Bool, opensTopics: Bool = true,
            memory: any ChatMemory, removesWebhook: Bool = false,
            pollSeconds: Int = 50, callTimeout: Duration = .seconds(30),
            clock: any Clock<Duration> = ContinuousClock(), now: @escaping @Sendable () -> Date = { Date() },
            random: @escaping @Sendable () -> Double = { Double.random(in: 0...1) }
        ) {
            self.token = token
            self.baseURL = baseURL
            self.commands = commands
            self.admits = admits
            self.opensTopics = opensTopics
            self.memory = memory
            self.removesWebhook = removesWebhook
            self.pollSeconds = pollSeconds
            self.callTimeout = callTimeout
            self.clock = clock
            self.now = now
            self.random = random
        }

        package static let standardCommands = [
            Command("task", "Start a task: /task [agent] what to do"),
            Command("repo", "Show or set the repository of this chat's tasks"),
            Command("status", "List the sessions of this chat, and what waits"),
            Command("diff", "Show what a session changed"),
            Command("pr", "Open a pull request from what a session changed"),
            Command("stop", "Stop the turn, keep the session"),
            Command("cancel", "End a session; its work is saved first"),
            Command("resume", "Go on from a session that has ended"),
            Command("mode", "Show or set the agent's mode"),
            Command("model", "Show or set the agent's model"),
            Command("agents", "List the agents"),
            Command("help", "Show what I can do"),
            Command("start", "Say hello and show your id"),
        ]
    }
}
