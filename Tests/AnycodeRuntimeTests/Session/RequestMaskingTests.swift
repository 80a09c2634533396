import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct RequestMaskingTests {
    private let key = "a-very-secret-key"
    private var masker: SecretMasker { SecretMasker(secrets: [Secret(key)]) }

    @Test func optionsOfAPermissionAreMasked() {
        let request = PermissionRequest(
            request: .number(1), toolCall: ToolCallUpdate(id: ToolCallID("t"), title: "curl"),
            options: [.init(id: key, name: "Always allow curl -H \(key)", kind: .allowAlways)])
        guard case .permissionRequested(let masked) = masker.masked(AgentEvent.permissionRequested(request)) else {
            return #expect(Bool(false))
        }
        #expect(masked.options.map(\.name) == ["Always allow curl -H [secret]"])
        #expect(masked.options.map(\.id) == [key])  // the agent knows its own options by it
    }

    @Test func fieldsOfAQuestionAreMasked() {
        let kinds: [QuestionRequest.FieldKind] = [
            .single([.init(value: key, label: "use \(key)")]),
            .multiple([.init(value: key, label: "use \(key)")], minimum: 0, maximum: nil),
        ]
        let fields = kinds.map {
            QuestionRequest.Field(name: "f", title: "Is it \(key)?", detail: "or \(key)", kind: $0, required: true)
        }
        let request = QuestionRequest(request: .number(1), message: key, fields: fields, url: "https://host/\(key)")
        guard case .questionAsked(let masked) = masker.masked(AgentEvent.questionAsked(request)) else {
            return #expect(Bool(false))
        }
        #expect(masked.message == "[secret]")
        #expect(masked.url == "https://host/[secret]")
        for field in masked.fields {
            #expect(field.title == "Is it [secret]?")
            #expect(field.detail == "or [secret]")
            #expect(FormProgress.buttons(field).first?.label == "use [secret]")
        }
    }
}
