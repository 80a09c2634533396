import Synchronization
import TestJSON

/// An answer ready to be written.
struct ModelAnswer: Sendable {
    enum Body: Sendable {
        case document(String)
        case stream([ModelFrame], pace: Duration, cutAfterWords: Int?)
    }

    var status = 200
    var headers: [(String, String)] = []
    var body: Body
}

/// Decides what to answer; knows the scripts, nothing of sockets.
final class ModelEngine: Sendable {
    private let configuration: ScriptedModel.Configuration
    private let scripts: Mutex<[ModelScript]>
    /// How often each failing step has failed.
    private let failures = Mutex<[String: Int]>([:])

    init(_ configuration: ScriptedModel.Configuration) {
        self.configuration = configuration
        scripts = Mutex(configuration.scripts)
    }

    func replaceScripts(_ new: [ModelScript]) {
        scripts.withLock { $0 = new }
        failures.withLock { $0 = [:] }
    }

    /// Answers a request of one of the model APIs, and fills in its line of the log.
    func answer(
        _ dialect: any ModelDialect, body: [UInt8], logged: (@escaping @Sendable (inout ModelRequest) -> Void) -> Void
    ) throws(ModelRefusal) -> ModelAnswer {
        let prompt = try dialect.prompt(from: Self.parse(body))
        logged { request in
            request.model = prompt.model
            request.isStreamed = prompt.isStreamed
            request.tools = prompt.tools.map(\.name)
            request.lastUserText = prompt.lastUserText
            request.images = prompt.images
        }
        guard !prompt.tools.isEmpty || !configuration.scriptsNeedTools else {
            return write(ModelScript.Step("Short title"), prompt, dialect)
        }
        let script = scripts.withLock { $0.script(for: prompt.lastUserText) } ?? ModelScript(steps: [])
        let (index, step) = script.step(afterResults: prompt.toolResults)
        logged { $0.step = index }
        if let failure = step.failure, fails(failure, key: "\(type(of: dialect)) \(index) \(prompt.lastUserText)") {
            var refusal = dialect.refusal(status: failure.status)
            refusal.retryAfter = failure.retryAfter
            throw refusal
        }
        let fitted = fit(step.calls, to: prompt.tools)
        logged { $0.calls = fitted.calls.map(\.name) }
        return write(step, prompt, dialect, fitted)
    }

    func countTokens(body: [UInt8]) throws(ModelRefusal) -> ModelAnswer {
        _ = try AnthropicDialect().prompt(from: Self.parse(body), needsMaxTokens: false)
        let count: JSON = ["input_tokens": .integer(body.count / 4)]
        return ModelAnswer(body: .document(count.text))
    }

    private static func parse(_ body: [UInt8]) -> JSON {
        // Each dialect refuses a body that is no object in its own words.
        (try? JSON(parsing: body)) ?? .null
    }

    private func fails(_ failure: ModelFailure, key: String) -> Bool {
        failures.withLock { failures in
            failures[key, default: 0] += 1
            return failures[key, default: 0] <= failure.times ?? .max
        }
    }

    private func fit(_ calls: [ModelCall], to tools: [OfferedTool]) -> (calls: [FittedCall], note: String) {
        let fitting = ToolFitting(tools: tools)
        let fitted = calls.compactMap(fitting.fit)
        guard fitted.count < calls.count else { return (fitted, "") }
        let names = tools.map(\.name).sorted().joined(separator: ", ")
        return ([], " (No offered tool fits this step: \(names).)")
    }

    private func write(
        _ step: ModelScript.Step, _ prompt: ModelPrompt, _ dialect: any ModelDialect,
        _ fitted: (calls: [FittedCall], note: String) = ([], "")
    ) -> ModelAnswer {
        let reply = ModelReply(
            id: Self.newID(), model: prompt.model, thinking: step.thinking, text: step.fullText + fitted.note,
            calls: fitted.calls.map { .init(id: Self.newID(), fitted: $0) },
            reportsStreamedUsage: prompt.wantsStreamedUsage, created: configuration.created)
        guard prompt.isStreamed else { return ModelAnswer(body: .document(dialect.document(reply).text)) }
        return ModelAnswer(
            body: .stream(dialect.frames(reply), pace: step.pace, cutAfterWords: step.cutAfterWords))
    }

    static func newID() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 36)
        return String(repeating: "0", count: max(0, 13 - digits.count)) + digits
    }
}
