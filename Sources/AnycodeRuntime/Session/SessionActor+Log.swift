import AnycodeCore
import Supervision

extension SessionActor {
    /// Writes the log of a turn that is too long for the chat; without it the turn ends all the same.
    func keepLog() async {
        do {
            guard let log = try await turnLog() else { return }
            let path = try await runtime.archive.writeDocument(header.id, log.name, Array(log.text.utf8))
            enqueue(Input(event: .logged(path)))
        } catch {
            context.status.setLastError("the log of the turn: \(error)")
        }
    }
}
