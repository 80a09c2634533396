import AnycodeCore
import AnycodeRuntime

/// What people do: tasks and words of those who are let in, of those who are not, and presses of buttons.
extension Simulation {
    func planPeople() {
        let hasSettings = world.chance(1, in: 3)
        for number in 0..<taskCount {
            let missing = world.chance(1, in: 6) ? " in org/missing\(number)" : ""
            let place = hasSettings && world.chance(1, in: 2) ? " in org/hooked" : missing
            plan(0...60_000, "/task do job \(number)\(place)", room(), by: insider())
        }
        for _ in 0..<world.number(below: 5) { say(1_000...90_000, "follow up", in: room()) }
        if world.chance(1, in: 3) {
            plan(5_000...90_000, ["/stop", "/cancel", "/status", "/diff"].randomly(world) ?? "", room(), by: insider())
        }
        if world.chance(1, in: 8) {  // more than may wait
            let room = room()
            for _ in 0..<8 { say(3_000...9_000, "follow up", in: room) }
        }
        planStrangers()
        planLastWords()
    }

    /// Nothing of what Eve does may have an effect.
    private func planStrangers() {
        guard world.chance(1, in: 3) else { return }
        for words in ["/task evil job", "evil words", "/cancel", "/stop"] where world.chance(1, in: 2) {
            world.count("people: strangers' words")
            plan(2_000...90_000, words, room(), by: people.eve)
        }
    }

    /// Somebody writes just as a session's last message is shown, several messages at once.
    private func planLastWords() {
        guard world.chance(1, in: 3) else { return }
        let (world, chat, people, written) = (world, chat, people, written)
        chat.whenShown { message in
            guard message.content.markdown.contains("sandbox removed"), world.now < .seconds(1200) else { return }
            let delay = world.milliseconds(0...40)
            for _ in 0...world.number(below: 3) {
                world.schedule(after: delay) {
                    world.count("people: last words")
                    chat.write(written.next("follow up"), in: message.chat, by: people.ana)
                }
            }
        }
    }

    private func room() -> ChatID { people.rooms[world.number(below: people.rooms.count)] }

    private func insider() -> Person { world.chance(1, in: 4) ? people.bob : people.ana }

    private func plan(_ range: ClosedRange<Int>, _ text: String, _ room: ChatID, by person: Person) {
        let delay = world.milliseconds(range)
        actTimes.append(world.now + delay)
        world.count(text.hasPrefix("/") ? "people: commands" : "people: texts")
        world.schedule(after: delay) { [chat] in chat.write(text, in: room, by: person) }
    }

    private func say(_ range: ClosedRange<Int>, _ kind: String, in room: ChatID, by person: Person? = nil) {
        plan(range, written.next(kind), room, by: person ?? insider())
    }

    // MARK: Reactions

    /// People answer what they have not answered yet, after a while: by button, sometimes twice, or in words. Strangers,
    /// people who may not, late clicks and clicks from another chat come too.
    func letPeopleReact() {
        for message in chat.unseen() where message.content.rings {
            let buttons = message.content.buttons.joined().filter {
                !$0.token.hasSuffix("diff") && $0.label != "Cancel"
            }
            guard !buttons.isEmpty, handledMessages.insert("\(message.id)").inserted else { continue }
            let labels = Set(buttons.map(\.label))
            if labels.contains("Resume") {
                if mayResume { react(to: message, buttons) }
            } else if labels.contains("Continue") {
                if world.chance(1, in: 3) { goOn(from: message, buttons) }
            } else {
                react(to: message, buttons)
            }
        }
    }

    /// A few ended sessions are resumed, so that every run can end.
    private var mayResume: Bool {
        guard resumptions < 2, world.chance(1, in: 2) else { return false }
        resumptions += 1
        world.count("people: resumptions")
        return true
    }

    /// At the end of a turn: a button, and mostly a word after it.
    private func goOn(from message: SimChatServer.Message, _ buttons: [ChatButton]) {
        react(to: message, buttons)
        if world.chance(2, in: 3) { say(5_000...40_000, "follow up", in: message.chat, by: people.ana) }
    }

    private func react(to message: SimChatServer.Message, _ buttons: [ChatButton]) {
        if message.content.markdown.contains("Answer with a message."), world.chance(3, in: 4) {
            return say(200...20_000, "answer", in: message.chat, by: people.ana)
        }
        if message.content.markdown.contains("another repository"), world.chance(1, in: 3) {
            return say(200...20_000, "org/other", in: message.chat, by: people.ana)
        }
        let choices = buttons.filter { $0.label != "Decline" || buttons.count == 1 }
        let first = choices[world.number(below: choices.count)]
        if ["Resume", "Continue", "Finish", "+30 min"].contains(first.label) { world.count("people: \(first.label)") }
        click(first.token, message, choices[world.number(below: choices.count)].token)
    }

    private func click(_ token: String, _ message: SimChatServer.Message, _ second: String) {
        let delay = world.milliseconds(200...20_000)
        let other = people.rooms.first { $0 != message.chat } ?? message.chat
        press(token, message, after: delay / 2, by: people.eve, 1, of: 4)
        press(token, message, after: delay / 2, by: people.bob, 1, of: 4)
        press(token, message, after: delay / 3, in: other, by: people.ana, 1, of: 8)
        press(token, message, after: delay, by: people.ana, 1, of: 1)
        press(second, message, after: delay + .milliseconds(5), by: people.ana, 1, of: 3)
        press(second, message, after: delay + .seconds(20), by: people.ana, 1, of: 6)
        press(token, message, after: delay + .seconds(30), by: people.bob, 1, of: 6)
    }

    private func press(
        _ token: String, _ message: SimChatServer.Message, after delay: Duration, in room: ChatID? = nil,
        by person: Person, _ part: UInt64, of whole: UInt64
    ) {
        guard world.chance(part, in: whole) else { return }
        world.count("people: clicks of \(person.name)")
        world.schedule(after: delay) { [chat] in
            chat.click(token, on: message.id, in: room ?? message.chat, by: person)
        }
    }
}
