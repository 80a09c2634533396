extension Configuration {
    package struct Session: Sendable, Equatable {
        package enum OnShutdown: String, Sendable, CaseIterable {
            /// Work is saved, then the sandboxes go.
            case destroy
            /// Sandboxes stay, the next start adopts them.
            case detach
        }

        package enum Answers: String, Sendable, CaseIterable {
            /// Who started a session answers its questions, stops and cancels it; owners may everywhere.
            case starter
            /// Everybody who may use the bot.
            case chat
        }

        /// Active sessions of one chat; idle ones do not count.
        package var maxConcurrent: Int
        /// Sessions of the daemon; `nil` is no limit.
        package var maxTotal: Int?
        /// The agent's time; it stands still while a person is asked.
        package var timeout: Duration
        /// How often streamed output is shown.
        package var debounce: Duration
        /// How long a sandbox lives on after a turn; zero destroys it at once.
        package var linger: Duration
        /// How long a question waits for a person.
        package var wait: Duration
        package var provisioningTimeout: Duration
        /// From the prompt to the agent's first sign of life.
        package var firstEventTimeout: Duration
        /// Between two signs of life in a turn.
        package var silenceTimeout: Duration
        /// Whether chats show what agents think.
        package var showsThoughts: Bool
        package var onShutdown: OnShutdown
        package var answers: Answers
    }
}

extension Configuration.Session {
    init(reading section: Section) {
        maxConcurrent = section.integer("max_concurrent", default: 5, in: 1...100_000)
        let total = section.integer("max_total", default: 100, in: 0...100_000)
        maxTotal = total == 0 ? nil : total
        timeout = .seconds(60 * section.integer("timeout_minutes", default: 30, in: 1...43_200))
        debounce = .milliseconds(section.integer("debounce_ms", default: 500, in: 50...60_000))
        linger = .seconds(section.integer("linger_seconds", default: 900, in: 0...2_592_000))
        wait = .seconds(60 * section.integer("wait_minutes", default: 720, in: 1...43_200))
        provisioningTimeout = .seconds(section.integer("provisioning_seconds", default: 600, in: 5...86_400))
        firstEventTimeout = .seconds(section.integer("first_event_seconds", default: 120, in: 5...86_400))
        silenceTimeout = .seconds(section.integer("silence_seconds", default: 600, in: 5...86_400))
        showsThoughts = section.bool("show_thoughts", default: false)
        onShutdown = section.choice("on_shutdown", default: .destroy)
        answers = section.choice("answers", default: .starter)
        if total != 0, section.has("max_total"), maxConcurrent > total {
            section.report(
                .combination, "max_total", "is below max_concurrent (\(maxConcurrent)), the limit of one chat",
                hint: "raise max_total, or lower max_concurrent")
        }
    }
}
