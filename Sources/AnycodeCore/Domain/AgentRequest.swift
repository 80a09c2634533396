/// The agent wants to do something and asks first.
package struct PermissionRequest: Hashable, Sendable, Codable {
    package enum OptionKind: String, Hashable, Sendable, Codable {
        case allowOnce, allowAlways, rejectOnce, rejectAlways
    }

    package struct Option: Hashable, Sendable, Codable {
        /// The agent's id; opaque.
        package let id: String
        package let name: String
        package let kind: OptionKind

        package init(id: String, name: String, kind: OptionKind) {
            self.id = id
            self.name = name
            self.kind = kind
        }
    }

    package let request: RequestID
    package let toolCall: ToolCallUpdate
    package let options: [Option]

    package init(request: RequestID, toolCall: ToolCallUpdate, options: [Option]) {
        self.request = request
        self.toolCall = toolCall
        self.options = options
    }
}

/// The agent asks the person something: one form of one or more fields.
package struct QuestionRequest: Hashable, Sendable, Codable {
    package struct Choice: Hashable, Sendable, Codable {
        /// What goes back to the agent.
        package let value: String
        package let label: String

        package init(value: String, label: String) {
            self.value = value
            self.label = label
        }
    }

    package enum FieldKind: Hashable, Sendable, Codable {
        case single([Choice])
        case multiple([Choice], minimum: Int, maximum: Int?)
        case text
        case number(integer: Bool)
        case boolean
    }

    package struct Field: Hashable, Sendable, Codable {
        package let name: String
        package let title: String
        package let detail: String?
        package let kind: FieldKind
        package let required: Bool

        package init(name: String, title: String, detail: String? = nil, kind: FieldKind, required: Bool) {
            self.name = name
            self.title = title
            self.detail = detail
            self.kind = kind
            self.required = required
        }
    }

    package let request: RequestID
    package let message: String
    package let fields: [Field]
    /// A page the person should open instead of answering here.
    package let url: String?

    package init(request: RequestID, message: String, fields: [Field], url: String? = nil) {
        self.request = request
        self.message = message
        self.fields = fields
        self.url = url
    }
}

/// The person's answer to a permission request.
package enum PermissionAnswer: Hashable, Sendable, Codable {
    /// The agent's id of the chosen option.
    case selected(String)
    case cancelled
}

/// The person's answer to a question.
package enum QuestionAnswer: Hashable, Sendable, Codable {
    package enum Value: Hashable, Sendable, Codable {
        case text(String)
        case texts([String])
        case number(Double)
        case boolean(Bool)
    }

    /// Field name → value.
    case accepted([String: Value])
    case declined
    case cancelled
}
