import HTTPTestSupport
package import TestJSON

/// A Bot API server on loopback that refuses what the real one refuses and keeps what people would see.
///
/// Strict: a request against the published rules is refused as the real server does, and noted in `violations`.
package final class FakeTelegram: Sendable {
    /// What happens to the next call of a method instead of the usual.
    package enum Fault: Sendable, Hashable {
        /// The connection ends; nothing was done.
        case dropBefore
        /// It was done, but the connection ends without an answer.
        case dropAfter
        /// It was done, and the connection stays open without an answer.
        case hang
        /// Something else than the Bot API answers.
        case answer(status: String, body: String)
        case refuse(code: Int, description: String)
        case flood(seconds: Int)
    }

    package static let token = "987654:AAF_fake-token-for-tests"
    package static let botID = 987654
    package static let botName = "anycode_test_bot"

    let desk: Desk
    private let server: ScriptedServer
    private let date: @Sendable () -> Int

    package var url: String { server.url }

    /// - Parameters:
    ///   - keepsRequests: whether every request is kept to be looked at; a long run has too many.
    ///   - now: the time that rates are counted in.
    ///   - date: the calendar's time, which messages bear, in seconds since 1970.
    package init(
        keepsRequests: Bool = true, now: @escaping @Sendable () -> Duration,
        date: @escaping @Sendable () -> Int = { 1_790_000_000 }
    ) throws {
        let desk = Desk(keepsRequests: keepsRequests, now: now)
        self.desk = desk
        self.date = date
        server = try ScriptedServer { desk.serve($0) }
    }

    package func stop() {
        desk.stop()
        server.stop()
    }

    // MARK: What people do

    /// Opens a chat; groups have negative ids.
    package func addChat(_ id: Int, type: String = "private", isForum: Bool = false) {
        desk.change { $0.chats[id] = World.Chat(type: type, isForum: isForum) }
    }

    /// Delivers an update with these members; returns its id.
    @discardableResult
    package func deliver(_ members: [String: JSON]) -> Int {
        desk.change { world in
            world.lastUpdate += 1
            world.updates.append(
                (world.lastUpdate, JSON.object(members).with(["update_id": .integer(world.lastUpdate)])))
            return world.lastUpdate
        }
    }

    /// A person writes; `extra` are further members of the message.
    @discardableResult
    package func say(_ text: String, by person: Int = 42, in chat: Int = 42, extra: [String: JSON] = [:]) -> Int {
        let (id, place) = desk.change { ($0.nextMessage(in: chat), $0.description(of: chat)) }
        var message: [String: JSON] = [
            "message_id": .integer(id), "date": .integer(date()), "chat": place,
            "from": ["id": .integer(person), "is_bot": false, "first_name": "Ana"], "text": .string(text),
        ]
        message.merge(extra) { _, new in new }
        if text.isEmpty { message["text"] = nil }
        deliver(["message": .object(message)])
        return id
    }

    /// A person presses the button that carries `data`; returns the callback's id.
    @discardableResult
    package func press(_ data: String, on message: Int, by person: Int = 42, in chat: Int = 42) -> String {
        let callback = "cb-\(data)-\(message)"
        let place = desk.change { world in
            world.callbacks[callback] = false
            return world.description(of: chat)
        }
        deliver([
            "callback_query": [
                "id": .string(callback), "from": ["id": .integer(person), "is_bot": false, "first_name": "Ana"],
                "chat_instance": "7", "data": .string(data),
                "message": [
                    "message_id": .integer(message), "date": .integer(date()), "chat": place,
                ],
            ]
        ])
        return callback
    }

    package func delete(_ message: Int, in chat: Int) {
        desk.change { $0.chats[chat]?.messages.removeAll { $0.id == message } }
    }

    /// The group becomes a supergroup under another id.
    package func migrate(_ chat: Int, to new: Int) {
        desk.change { world in
            world.chats[chat]?.migratedTo = new
            world.chats[new] = World.Chat(type: "supergroup", isForum: false)
        }
    }

    package func deleteTopic(_ thread: Int, in chat: Int) {
        desk.change { _ = $0.chats[chat]?.topics.removeValue(forKey: thread) }
    }

    /// Nothing can be written in the topic until it is open again.
    package func closeTopic(_ thread: Int, in chat: Int, _ isClosed: Bool = true) {
        desk.change { world in
            if isClosed { world.chats[chat]?.closed.insert(thread) } else { world.chats[chat]?.closed.remove(thread) }
        }
    }

    /// The bot is blocked or kicked, with the words that Telegram has for it; `nil` lets it in again.
    package func bar(_ words: String?, in chat: Int) {
        desk.change { $0.chats[chat]?.barred = words }
    }

    package func setWebhook(_ isSet: Bool) {
        desk.change { $0.hasWebhook = isSet }
    }

    /// The next calls of a method meet these, one each; only calls whose text contains `words`, where they are given.
    package func arrange(_ faults: Fault..., for method: String, containing words: String? = nil) {
        desk.change { $0.faults[method, default: []] += faults.map { ($0, words) } }
    }

    /// Whether all that was arranged has happened.
    package var isUndisturbed: Bool { desk.read { $0.faults.values.allSatisfy(\.isEmpty) } }

    /// Whether so many requests of a method come in time.
    package func sees(_ method: String, count: Int, within limit: Duration = .seconds(60)) async -> Bool {
        await wait(within: limit) { world in world.requests.count { $0.method == method } >= count }
    }

    // MARK: What came of it

    package func messages(in chat: Int) -> [Message] { desk.read { $0.chats[chat]?.messages ?? [] } }

    /// Requests against the rules, floods included.
    package var violations: [String] { desk.read { $0.violations } }

    /// Every request, in order.
    package func requests(_ method: String) -> [JSON] {
        desk.read { world in world.requests.filter { $0.method == method }.map(\.body) }
    }

    /// The highest offset that was asked for.
    package var confirmed: Int { desk.read { $0.confirmed } }

    /// Returns when an update was confirmed by a higher offset.
    package func waitForConfirmation(of update: Int) async {
        await desk.wait { $0.confirmed > update }
    }

    /// Returns the newest message that meets the condition, as soon as there is one; `nil` when there is none in time.
    package func message(
        in chat: Int = 42, within limit: Duration = .seconds(40), where isMeant: @escaping @Sendable (Message) -> Bool
    ) async -> Message? {
        let isThere = await wait(within: limit) { world in world.chats[chat]?.messages.contains(where: isMeant) == true
        }
        return isThere ? messages(in: chat).last(where: isMeant) : nil
    }

    /// Whether a chat shows so many such messages in time.
    package func shows(
        _ count: Int, in chat: Int = 42, within limit: Duration = .seconds(60),
        where isMeant: @escaping @Sendable (Message) -> Bool
    ) async -> Bool {
        await wait(within: limit) { world in world.chats[chat]?.messages.count(where: isMeant) ?? 0 >= count }
    }

    private func wait(within limit: Duration, _ condition: @escaping @Sendable (World) -> Bool) async -> Bool {
        await withTaskGroup(of: Bool.self) { [desk] group in
            group.addTask { await desk.wait(condition) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    /// Returns when so many requests of a method have come.
    package func waitForRequests(_ method: String, count: Int) async {
        await desk.wait { world in world.requests.count { $0.method == method } >= count }
    }
}

/// A message as the chat shows it.
package struct Message: Sendable, Hashable {
    package let id: Int
    package let thread: Int?
    package var text: String
    package var entities: JSON
    /// Labels and data, by row.
    package var buttons: [[[String]]]
    package let document: String?
    package let documentBytes: [UInt8]
    package let rings: Bool
    package let replyTo: Int?
}
