import AnycodeCore
import Supervision

extension SessionActor {
    /// Has the runner push the changes, then opens the pull request. Done again after a crash, it finds what it made.
    func openPullRequest() async {
        guard let connection, let wanted = machine.state.pullRequest, let source = machine.state.source?.source,
            let place = RepositoryPlace(source.url)
        else { return }
        let branch = machine.pullRequestBranch
        let base = source.branch ?? machine.state.workspace?.branch
        do {
            guard let host = runtime.configuration.pullRequests[place.host] else {
                throw AgentError(.failed, "Nobody opens pull requests at \(place.host)")
            }
            context.status.wait(for: "push of \(branch)", on: "runner")
            let known = machine.state.published?.commit
            let commit = try await retrying(nil) { () async throws(AgentError) in
                try await connection.workspace.publish(
                    branch: branch, message: wanted.title, over: known,
                    credentials: runtime.configuration.credentials[place.host])
            }
            enqueue(Input(event: .changesPushed(commit)))
            context.status.wait(for: "pull request", on: place.host)
            let body = "From the task of \(wanted.by.name), done by \(header.agent) in session \(header.id.short)."
            let draft = PullRequestDraft(
                repository: place.path, branch: branch, base: base, title: wanted.title, body: body)
            let opened = try await retrying(nil) { () async throws(AgentError) in try await host.open(draft) }
            enqueue(Input(event: .pullRequestOpened(opened)))
        } catch let error as AgentError {
            if error.code != .cancelled { enqueue(Input(event: .pullRequestFailed(error))) }
        } catch {
            return
        }
    }
}
