import AnycodeCore
import Synchronization

/// Chats that go on under another id, as the store has them.
package final class ChatMoves: Sendable {
    private let former = Mutex<[ChatID: ChatID]>([:])

    package init() {}

    /// The ids that a chat had before, the newest first.
    func earlier(_ chat: ChatID) -> [ChatID] {
        former.withLock { former in
            guard !former.isEmpty else { return [] }
            var ids: [ChatID] = []
            var next = former[chat]
            while let id = next, id != chat, !ids.contains(id) {
                ids.append(id)
                next = former[id]
            }
            return ids
        }
    }

    /// - Parameter moves: what each chat was, by today's id.
    func replace(_ moves: [ChatID: ChatID]) { former.withLock { $0 = moves } }

    func add(_ old: ChatID, becameNow new: ChatID) { former.withLock { $0[new] = $0[new] ?? old } }
}
