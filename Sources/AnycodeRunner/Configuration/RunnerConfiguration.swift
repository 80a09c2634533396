/// Everything a runner is told at its start.
package struct RunnerConfiguration: Sendable {
    package var listen: ListenAddress
    /// The log and other state; private to the runner.
    package var stateDirectory: String
    /// Where the agent works.
    package var workspace: String
    /// The agent's home; nil leaves the inherited one.
    package var home: String?
    /// Nil only on an address that this machine alone can reach.
    package var token: AccessToken?
    /// What the runner itself was started with; secrets of the runner are not passed on.
    package var environment: [String: String]
    /// Folder of the runner's own program, searched for agents before `PATH`.
    package var ownDirectory: String?
    package var clock: any Clock<Duration> = ContinuousClock()
    package var log = EventLog.Limits()
    /// Time agents get to end before they are killed.
    package var grace: Duration = .seconds(5)
    package var answerTimeout: Duration = .seconds(120)
    package var heartbeat: Duration = .seconds(15)
    /// Longest line of an agent's output, bytes.
    package var maximumLine = 32 << 20

    package init(
        listen: ListenAddress, stateDirectory: String, workspace: String, home: String? = nil, token: AccessToken?,
        environment: [String: String]
    ) {
        self.listen = listen
        self.stateDirectory = stateDirectory
        self.workspace = workspace
        self.home = home
        self.token = token
        self.environment = environment
    }
}
