import AnycodeCore
import Testing

@testable import AnycodeRuntime

/// What a repository says to the agent is told, and obeyed only when a person allows it.
struct SessionMachineTrustTests {
    private let settings = RepositorySettings(id: "a1.b2", wishes: ["hook Stop: `curl evil`"])

    private func asking() -> MachineRun {
        var run = MachineRun(source: Sample.source)
        run.toPreparing()
        run.on(.settingsFound(settings, remembered: nil))
        run.on(.prepared(Sample.workspace))
        return run
    }

    /// The decision that the last event leads to remember.
    private func pressing(_ run: inout MachineRun, _ option: Int, by person: Person = Sample.ana) throws
        -> RememberedTrust?
    {
        let ask = try #require(run.asks.last)
        let decision = run.machine.handle(
            .pressed(ask.id, .answer(option: option), by: person, callback: "click"), at: run.now)
        run.actions = decision.actions
        run.entries += decision.entries
        return decision.trust
    }

    @Test func nothingStartsBeforeSomebodyDecides() throws {
        let run = asking()
        #expect(run.phase == "waiting" && run.calls.isEmpty && run.asks.count == 1)
        #expect(run.machine.brief.summary == "waiting for Ana: the repository's settings")
    }

    @Test func whatIsDecidedForAPullRequestIsNotRemembered() throws {
        var source = Sample.source.source
        source.pull = 12
        var run = MachineRun(
            source: RequestedSource(source: source, spelling: Sample.source.spelling, isLocal: Sample.source.isLocal))
        run.toPreparing()
        run.on(.settingsFound(settings, remembered: nil))
        run.on(.prepared(Sample.workspace))
        #expect(try pressing(&run, 1) == nil && run.state.trust == .allowed)
        #expect(!RememberedTrust.holds(for: run.machine.header))
    }

    @Test func ignoredTheAgentStartsWithoutThem() throws {
        var run = asking()
        let remembered = try pressing(&run, 0)
        #expect(remembered?.value == "ignored a1.b2" && remembered?.key.contains("org/repo.git") == true)
        #expect(run.actions.contains(.openStream) && !run.actions.contains(.introduce))
        #expect(run.state.trust == .ignored && run.state.phase == .opening)
    }

    @Test func allowedTheRunnerIsToldBeforeTheAgentStarts() throws {
        var run = asking()
        #expect(try pressing(&run, 1)?.value == "allowed a1.b2")
        #expect(run.actions.contains(.introduce) && !run.actions.contains(.openStream))
        run.on(.acquired(Sample.health()))
        #expect(run.actions.contains(.openStream) && run.state.trust == .allowed)
    }

    @Test func allowedAndKilledItGoesOnWithTheDecision() throws {
        var run = asking()
        _ = try pressing(&run, 1)
        run.restart()
        #expect(run.actions == [.acquire])
        run.on(.acquired(Sample.health()))
        #expect(run.state.phase == .opening && run.state.trust == .allowed)
    }

    @Test func aStrangersClickChangesNothing() throws {
        var run = asking()
        #expect(try pressing(&run, 1, by: Sample.eve) == nil)
        #expect(run.state.trust == nil && run.phase == "waiting")
    }

    @Test func unansweredTheTaskGoesOnWithoutThemAndRemembersNothing() {
        var run = asking()
        run.wait(SessionMachine.trustWait + .seconds(1))
        #expect(run.state.phase == .opening && run.state.trust == .ignored)
        #expect(run.resolutions.last?.by == nil)
    }

    @Test func whatTheChatDecidedBeforeIsNotAskedAgain() {
        var run = MachineRun(source: Sample.source)
        run.toPreparing()
        run.on(.settingsFound(settings, remembered: .allowed))
        run.on(.prepared(Sample.workspace))
        #expect(run.asks.isEmpty && run.actions.contains(.introduce))
        run.on(.acquired(Sample.health()))
        #expect(run.state.phase == .opening)
    }

    @Test func aResumedSessionDecidesBeforeItsWorkIsBroughtBack() throws {
        let conversation = SavedConversation(id: AgentSessionID("c"), path: "/saves/conversation")
        let origin = SessionOrigin(
            session: SessionID("01d"), task: "fix it", text: "more", patch: nil, conversation: conversation)
        var run = MachineRun(source: Sample.source, origin: origin)
        run.toPreparing()
        run.on(.settingsFound(settings, remembered: nil))
        run.on(.prepared(Sample.workspace))
        #expect(run.phase == "waiting" && run.actions.isEmpty)
        run.press(try #require(run.asks.first), .answer(option: 0))
        #expect(run.actions.contains(.restore(origin)))
        run.on(.restored(nil, conversation: conversation.id))
        #expect(run.state.savedConversation == conversation, "it is kept until there is a newer one")
        run.on(.conversationSaved(SavedConversation(id: conversation.id, path: "/saves/newer")))
        #expect(run.state.savedConversation?.path == "/saves/newer")
    }

    @Test func otherSettingsAreAskedAboutAgain() {
        let header = Sample.header(source: Sample.source)
        let stored = RememberedTrust(.allowed, for: settings, of: header).value
        #expect(RememberedTrust.decision(stored, for: settings) == .allowed)
        let changed = RepositorySettings(id: "a1.c3", wishes: ["hook Stop: `curl worse`"])
        #expect(RememberedTrust.decision(stored, for: changed) == nil)
        #expect(RememberedTrust.decision("nonsense", for: settings) == nil)
    }

    @Test func theChatReadsWhatIsAskedForAndWhatWasChosen() throws {
        let ask = Ask(id: InteractionID("i"), kind: .settings(settings), token: "t")
        let limits = ChatLimits(textUnits: 4096)
        let open = AskView.messages(.init(ask: ask), limits: limits)
        #expect(open.first?.markdown.contains("- hook Stop: `curl evil`") == true)
        #expect(open.first?.buttons.joined().map(\.label) == ["Go on without them", "Allow for this repository"])
        var settled = Transcript.Asked(ask: ask)
        settled.resolution = Resolution(by: Sample.ana, choice: "Not used")
        let closed = AskView.messages(settled, limits: limits)
        #expect(closed.first?.markdown.hasSuffix("→ **Not used** (Ana)") == true)
        #expect(closed.first?.buttons.isEmpty == true)
    }

    @Test func theConfiguredModeAndModelComeBeforeTheFirstPrompt() {
        var policy = SessionPolicy()
        policy.modes[AgentName("demo")] = "plan"
        policy.models[AgentName("demo")] = "large"
        var run = MachineRun(policy: policy)
        run.toOpening()
        run.says(.initialized(run.awaited(.initialize), AgentCapabilities(name: "demo")))
        let session = AgentSession(
            id: AgentSessionID("s"), modes: [.init(id: "plan", name: "Plan")], currentMode: "ask",
            models: [.init(id: "@model=large", name: "Large")], currentModel: "@model=small")
        run.says(.sessionOpened(run.awaited(.open), session))
        let kinds = run.calls.suffix(3).map { call in
            switch call {
            case .setMode(_, _, let mode): "mode \(mode)"
            case .setModel(_, _, let model): "model \(model)"
            case .prompt: "prompt"
            default: "other"
            }
        }
        #expect(kinds == ["mode plan", "model @model=large", "prompt"])
    }

    @Test func modeAndModelHoldWhenTheProgramIsStartedAgain() {
        var policy = SessionPolicy()
        policy.modes[AgentName("demo")] = "plan"
        var run = MachineRun(policy: policy)
        let modes = ["ask", "plan", "auto"].map { AgentSession.Choice(id: $0, name: $0) }
        let models = ["small", "large"].map { AgentSession.Choice(id: $0, name: $0) }
        let fresh = AgentSession(
            id: AgentSessionID("s"), modes: modes, currentMode: "ask", models: models, currentModel: "small")
        run.toOpening()
        run.says(.initialized(run.awaited(.initialize), AgentCapabilities(name: "demo", loadsSessions: true)))
        run.says(.sessionOpened(run.awaited(.open), fresh))
        run.accept()
        run.says(.callSucceeded(run.awaited(.setting(.mode, "plan"))))
        #expect(run.state.agentSession?.currentMode == "plan" && run.replies.isEmpty)
        run.on(.choiceRequested(.mode, "auto", by: Sample.ana, click: nil))
        run.on(.choiceRequested(.model, "large", by: Sample.ana, click: nil))
        run.accept()
        run.says(.callSucceeded(run.awaited(.choice(.mode, "auto"))))
        run.says(.callSucceeded(run.awaited(.choice(.model, "large"))))
        run.says(.text("x"), .agentExited(AgentExit(exitCode: nil, signal: 9, message: "")))
        run.says(.callFailed(run.awaited(.prompt), AgentFailure(code: .agentExited, message: "killed")))
        run.on(.saved(nil))
        run.on(.prompted(by: Sample.ana, text: "go on"))
        run.accept()
        run.calls = []
        run.says(.initialized(run.awaited(.initialize), AgentCapabilities(name: "demo", loadsSessions: true)))
        run.says(.sessionOpened(run.awaited(.open), fresh))
        let wanted = run.calls.compactMap { call -> String? in
            switch call {
            case .setMode(_, _, let mode): mode
            case .setModel(_, _, let model): model
            case .prompt(_, _, let text): text
            default: nil
            }
        }
        #expect(wanted == ["auto", "large", "go on"])
    }
}
