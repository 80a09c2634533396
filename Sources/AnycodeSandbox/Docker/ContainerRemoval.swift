import AnycodeCore

/// Removes a container and waits until it is gone.
struct ContainerRemoval: Sendable {
    let engine: Engine
    let clock: any Clock<Duration>

    func run(_ id: String) async throws(SandboxError) {
        var pause = Duration.milliseconds(20)
        while true {
            do throws(EngineError) {
                return try await engine.remove(id)
            } catch {
                // Someone else is removing it, or it is being started: the Engine lets one at a time.
                guard error.isConflict, pause < .seconds(5) else {
                    throw SandboxError(error, doing: "removing the sandbox", host: engine.host)
                }
            }
            do {
                try await clock.sleep(for: pause)
            } catch {
                throw SandboxError(.cancelled, "cancelled while removing the sandbox")
            }
            pause = pause * 2
        }
    }

    /// Cleans up after a failure, also when the caller was cancelled.
    ///
    /// What cannot be removed now, because the Engine is gone, is found later by its labels.
    func runAfterFailure(_ id: String) async {
        let cleanup = Task { try? await run(id) }
        await cleanup.value
    }
}
