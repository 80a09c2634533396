import Foundation
import HTTPTestSupport
import Synchronization

/// As much of a GitHub Enterprise as one repository with pull requests needs: REST at `/api/v3`, git at `/org/repo.git`.
///
/// Strict: without the token nothing is answered, and bodies with members that it does not know are refused. With a
/// repository on disk, branches have to be there before a pull request can be opened from them, as at GitHub.
package final class FakeGitHub: Sendable {
    package struct Pull: Sendable {
        package let head: String
        package let base: String
        package let title: String
    }

    /// A refusal that the next calls of one kind get.
    package enum Refusal: Sendable {
        /// `git push`: the token may read only.
        case push
        /// Opening a pull request: 422 with this message in `errors`.
        case pull(String)
    }

    struct State {
        var pulls: [Pull] = []
        var refusals: [Refusal] = []
        /// `POST /repos/org/repo/pulls`, whatever was answered.
        var opened = 0
    }

    package static let repository = "org/repo"
    package let token: String
    private let server: ScriptedServer
    private let state: StateBox

    /// The server's threads hold it.
    final class StateBox: Sendable {
        let value = Mutex(State())
    }

    /// The server's own address.
    package var url: String { server.url }
    package var apiURL: String { server.url + "/api/v3" }
    package var cloneURL: String { "\(server.url)/\(Self.repository).git" }
    /// The pull requests that are open.
    package var pulls: [Pull] { state.value.withLock { $0.pulls } }
    /// How often somebody tried to open one.
    package var attempts: Int { state.value.withLock { $0.opened } }

    /// - Parameter repository: a bare repository; without one there is no git, and every branch counts as there.
    package init(token: String, repository: String? = nil) throws {
        let state = StateBox()
        let git = repository.map { GitHTTPBackend(repository: $0) }
        self.token = token
        self.state = state
        server = try ScriptedServer { connection in
            while let request = connection.readRequest() {
                let desk = FakeGitHubDesk(
                    token: token, host: request.headers["host"] ?? "", state: state, git: git)
                guard connection.write(desk.answer(request)) else { return }
            }
        }
    }

    /// From now on, until `allow`.
    package func refuse(_ refusal: Refusal) { state.value.withLock { $0.refusals.append(refusal) } }
    package func allow() { state.value.withLock { $0.refusals = [] } }

    package func stop() { server.stop() }
}
