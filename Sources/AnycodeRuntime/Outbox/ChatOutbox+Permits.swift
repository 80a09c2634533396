import AnycodeCore
import Supervision

/// Waiting for the platform's budget.
extension ChatOutbox {
    /// Waits for a permit. `false`: there is none; what is to be done next may be something else by now.
    func isPermitted(_ priority: SendPriority) async throws -> Bool {
        status.wait(for: "permit to send")
        defer { status.endWait() }
        do throws(ChatError) {
            guard platform.limits.rationsCalls, priority < .question else {
                try await platform.permit(for: chat, priority: priority)
                return true
            }
            return try await isPermittedInTime(priority)
        } catch {
            try await pause(after: error)
            return false
        }
    }

    /// Waits no longer when something more urgent has come: that is to ask for a better permit.
    private func isPermittedInTime(_ priority: SendPriority) async throws(ChatError) -> Bool {
        patience = priority
        defer { patience = nil }
        let (platform, chat, overtaken) = (platform, chat, overtaken)
        let result = await withTaskGroup(of: Result<Bool, ChatError>.self) { group in
            group.addTask {
                do throws(ChatError) {
                    try await platform.permit(for: chat, priority: priority)
                    return .success(true)
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                do { try await overtaken.wait() } catch { return .failure(ChatError(.cancelled, "\(error)")) }
                return .success(false)
            }
            defer { group.cancelAll() }
            return await group.next() ?? .success(false)
        }
        return try result.get()
    }

    /// Ends a wait for a permit when there is something more urgent now.
    func overtake() {
        if let patience, let next = machine.next(), next.priority > patience { overtaken.raise() }
    }
}
