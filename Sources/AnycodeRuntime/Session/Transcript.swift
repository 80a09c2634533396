package import AnycodeCore

/// The folded form of a session's entries: blocks in the order in which a chat shows them.
package struct Transcript: Sendable {
    /// A piece of agent output between two things that need a message of their own.
    package struct Stream: Hashable, Sendable {
        package enum Item: Hashable, Sendable {
            case text(String)
            case thought(String)
            case tool(Tool)
            case plan([PlanEntry])
            case notice(String)
        }

        package let turn: Int
        package var items: [Item] = []
    }

    /// An ask with what has been answered so far.
    package struct Asked: Hashable, Sendable {
        package let ask: Ask
        /// Field number → chosen values, for forms of several fields.
        package var fields: [Int: [String]] = [:]
        package var resolution: Resolution?
    }

    /// An offer of more time, with who took it.
    package struct Offered: Hashable, Sendable {
        package let offer: TimeOffer
        package var grantedBy: Person?
        /// The limit that came of it, in seconds.
        package var newLimit = 0
    }

    package enum Block: Hashable, Sendable {
        case head
        case stream(Stream)
        indirect case asked(Asked)
        /// Brings the ask of another block to mind.
        case reminder(ofBlock: Int)
        indirect case offered(Offered)
        indirect case restored(Restoration)
        indirect case turn(TurnReport)
        indirect case session(SessionReport)
    }

    package let header: SessionHeader
    package private(set) var progress = "starting"
    package private(set) var prepared: PreparedWorkspace?
    package private(set) var queued: [String] = []
    package private(set) var report: SessionReport?
    /// The first block whose messages carry the session's tag; `nil` while it has its conversation to itself.
    package private(set) var firstTagged: Int?
    package private(set) var blocks: [Block] = [.head]
    /// Indexes of the blocks that changed since `takeChanges`.
    private var changed: Set<Int> = [0]
    private var turn = 0
    private var toolPlaces: [ToolCallID: (block: Int, item: Int)] = [:]
    private var askPlaces: [InteractionID: Int] = [:]
    private var reminderPlaces: [InteractionID: [Int]] = [:]
    private var offerPlace: Int?
    /// The report of the last turn while no other has begun.
    package private(set) var lastReport: Int?

    private let keepsThoughts: Bool
    private let outputUnits: Int

    /// - Parameters:
    ///   - keepsThoughts: whether what the agent thinks is kept word by word, and with it shown.
    ///   - outputUnits: how much of what each tool prints is kept, and with it shown, in UTF-16 units.
    package init(header: SessionHeader, keepsThoughts: Bool = false, outputUnits: Int = 0) {
        self.header = header
        self.keepsThoughts = keepsThoughts
        self.outputUnits = outputUnits
    }

    /// Whether the agent has been given something to do and is not done with it.
    var turnRuns: Bool { turn > 0 && lastReport == nil && report == nil }

    /// Whether anything changed since the last `takeChanges`.
    package var hasChanges: Bool { !changed.isEmpty }

    /// The numbers of the blocks that changed since the last call, in order.
    package mutating func takeChanges() -> [Int] {
        defer { changed.removeAll(keepingCapacity: true) }
        return changed.sorted()
    }

    package mutating func apply(_ entry: TranscriptEntry) {
        switch entry {
        case .progressed(let words):
            progress = words
            changed.insert(0)
        case .prepared(let workspace):
            prepared = workspace
            changed.insert(0)
        case .restored(let restoration):
            add(.restored(restoration))
        case .prompted(let turn, _, let text):
            self.turn = turn
            if let place = queued.firstIndex(of: text) { queued.remove(at: place) }
            changed.insert(0)
            leaveReport()
        case .queued(let text):
            queued.append(text)
            changed.insert(0)
        case .unqueued(let text):
            if let place = queued.firstIndex(of: text) { queued.remove(at: place) }
            changed.insert(0)
        case .tagged:
            if firstTagged == nil { firstTagged = blocks.count }
            changed.insert(0)
        case .text(let text):
            appendText(text)
        case .thought(let text):
            appendThought(text)
        case .tool(let call):
            applyTool(call)
        case .toolUpdated(let update):
            updateTool(update)
        case .plan(let plan):
            replacePlan(plan)
        case .notice(let words):
            append(.notice(words))
        case .asked, .answeredField, .resolved, .reminded:
            applyInteraction(entry)
        case .timeOffered, .timeGranted:
            applyOffer(entry)
        case .turnEnded(let report):
            leaveReport()
            changed.insert(0)
            lastReport = blocks.count
            add(.turn(report))
        case .finished(let report):
            finish(report)
        }
    }

    private mutating func finish(_ report: SessionReport) {
        self.report = report
        changed.insert(0)
        if let place = lastReport { changed.insert(place) }
        if let place = offerPlace { changed.insert(place) }
        guard report.rings else { return }
        leaveReport()
        add(.session(report))
    }

    /// The newest turn's report is not the newest any more.
    private mutating func leaveReport() {
        if let place = lastReport { changed.insert(place) }
        lastReport = nil
    }

    private mutating func applyOffer(_ entry: TranscriptEntry) {
        switch entry {
        case .timeOffered(let offer):
            offerPlace = blocks.count
            add(.offered(Offered(offer: offer)))
        case .timeGranted(let id, let person, let limit):
            guard let place = offerPlace, case .offered(var offered) = blocks[place], offered.offer.id == id else {
                return
            }
            offered.grantedBy = person
            offered.newLimit = limit
            blocks[place] = .offered(offered)
            changed.insert(place)
        default:
            break
        }
    }

    private mutating func applyInteraction(_ entry: TranscriptEntry) {
        switch entry {
        case .asked(let ask):
            askPlaces[ask.id] = blocks.count
            add(.asked(Asked(ask: ask)))
        case .answeredField(let id, let field, let selection, _):
            changeAsk(id) { $0.fields[field] = selection }
        case .resolved(let id, let resolution):
            changeAsk(id) { $0.resolution = resolution }
        case .reminded(let id):
            guard let place = askPlaces[id] else { return }
            reminderPlaces[id, default: []].append(blocks.count)
            add(.reminder(ofBlock: place))
        default:
            break
        }
    }

    private mutating func changeAsk(_ id: InteractionID, _ change: (inout Asked) -> Void) {
        guard let place = askPlaces[id], case .asked(var asked) = blocks[place] else { return }
        change(&asked)
        blocks[place] = .asked(asked)
        changed.insert(place)
        changed.formUnion(reminderPlaces[id] ?? [])
    }

    private mutating func add(_ block: Block) {
        changed.insert(blocks.count)
        blocks.append(block)
    }

    /// Changes the newest stream block of this turn, beginning one where the last block is something else.
    private mutating func withStream<Result>(_ body: (inout Stream, Int) -> Result) -> Result {
        var stream: Stream
        if case .stream(let current)? = blocks.last, current.turn == turn {
            stream = current
            blocks[blocks.count - 1] = .head  // keeps the items uniquely referenced while they grow
        } else {
            stream = Stream(turn: turn)
            blocks.append(.head)
        }
        let place = blocks.count - 1
        let result = body(&stream, place)
        blocks[place] = .stream(stream)
        changed.insert(place)
        return result
    }

    private mutating func append(_ item: Stream.Item) {
        withStream { stream, _ in stream.items.append(item) }
    }

    private mutating func appendText(_ text: String) {
        withStream { stream, _ in
            if case .text(var run)? = stream.items.last {
                stream.items.removeLast()
                run += text
                stream.items.append(.text(run))
            } else {
                stream.items.append(.text(text))
            }
        }
    }

    private mutating func appendThought(_ text: String) {
        guard keepsThoughts else { return markThought() }
        withStream { stream, _ in
            if case .thought(var run)? = stream.items.last {
                stream.items.removeLast()
                run += text
                stream.items.append(.thought(run))
            } else {
                stream.items.append(.thought(text))
            }
        }
    }

    /// A thought parts the words before it from those after it.
    private mutating func markThought() {
        if case .stream(let stream)? = blocks.last, stream.turn == turn, case .thought? = stream.items.last { return }
        append(.thought(""))
    }

    private mutating func applyTool(_ call: ToolCall) {
        let tool = Tool(call, outputUnits: outputUnits)
        if let place = toolPlaces[call.id] {
            changeTool(at: place) { $0 = tool }
            return
        }
        let place = withStream { stream, block in
            stream.items.append(.tool(tool))
            return (block: block, item: stream.items.count - 1)
        }
        toolPlaces[call.id] = place
    }

    private mutating func updateTool(_ update: ToolCallUpdate) {
        guard let place = toolPlaces[update.id] else {
            var call = ToolCall(id: update.id, title: update.title ?? "tool")
            call.apply(update)
            applyTool(call)
            return
        }
        changeTool(at: place) { $0.apply(update) }
    }

    private mutating func changeTool(at place: (block: Int, item: Int), _ change: (inout Tool) -> Void) {
        guard case .stream(var stream) = blocks[place.block], case .tool(var tool) = stream.items[place.item] else {
            return
        }
        blocks[place.block] = .head  // keeps the items uniquely referenced
        change(&tool)
        stream.items[place.item] = .tool(tool)
        blocks[place.block] = .stream(stream)
        changed.insert(place.block)
    }

    private mutating func replacePlan(_ plan: [PlanEntry]) {
        withStream { stream, _ in
            if let place = stream.items.lastIndex(where: { if case .plan = $0 { true } else { false } }) {
                stream.items[place] = .plan(plan)
            } else {
                stream.items.append(.plan(plan))
            }
        }
    }
}
