import AnycodeCore
import HTTPTransport

/// Waits until a container's runner answers, or the container is dead, or time is up.
struct RunnerProbe: Sendable {
    enum Outcome: Sendable {
        case ready
        case died(ContainerDetails.State?)
        case unauthorized
        /// Alive and silent.
        case late(String)
    }

    let engine: Engine
    let clock: any Clock<Duration>

    /// Nothing tells when a published port is served, so it is asked, in growing distances.
    func wait(
        for id: String, at url: String, token: Secret, until deadline: ContinuousClock.Instant
    ) async throws(SandboxError) -> Outcome {
        var pause = Duration.milliseconds(5)
        var last = "no answer"
        while true {
            switch try await ask(url, token) {
            case .healthy: return .ready
            case .unauthorized: return .unauthorized
            case .not(let why): last = why
            }
            switch await state(of: id) {
            case .dead(let state): return .died(state)
            case .alive: break
            case .unknown: last = "the Docker Engine does not answer"
            }
            guard ContinuousClock.now < deadline else { return .late(last) }
            do {
                try await clock.sleep(for: pause)
            } catch {
                throw SandboxError(.cancelled, "cancelled while waiting for a sandbox")
            }
            pause = min(pause * 2, .milliseconds(250))
        }
    }

    private enum Answer {
        case healthy
        case unauthorized
        case not(String)
    }

    private enum Life {
        case alive
        case dead(ContainerDetails.State?)
        case unknown
    }

    private func ask(_ url: String, _ token: Secret) async throws(SandboxError) -> Answer {
        let request = HTTPRequest(
            .get, "\(url)/v1/health", headers: [HTTPHeader("Authorization", "Bearer \(token.reveal())")],
            timeouts: HTTPTimeouts(connect: .seconds(2), total: .seconds(5)),
            limits: HTTPLimits(bodyBytes: 64 * 1024), proxy: .none, reusesConnection: false)
        do throws(HTTPError) {
            let status = try await engine.http.send(request).status
            return switch status {
            case 200...299: .healthy
            case 401, 403: .unauthorized
            default: .not("status \(status)")
            }
        } catch {
            if error.code == .cancelled { throw SandboxError(.cancelled, "cancelled while waiting for a sandbox") }
            return .not(error.message)
        }
    }

    private func state(of id: String) async -> Life {
        do throws(EngineError) {
            guard let details = try await engine.container(id) else { return .dead(nil) }
            return details.state.isRunning ? .alive : .dead(details.state)
        } catch {
            return .unknown
        }
    }
}
