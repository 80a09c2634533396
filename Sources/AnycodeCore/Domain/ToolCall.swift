/// Something the agent does with a tool, as far as it is known.
package struct ToolCall: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable {
        case read, edit, delete, move, search, execute, think, fetch, switchMode, other
    }

    package enum Status: String, Hashable, Sendable, Codable {
        case pending, inProgress, completed, failed
    }

    /// A place in a file.
    package struct Location: Hashable, Sendable, Codable {
        package let path: String
        /// 1-based.
        package let line: Int?

        package init(path: String, line: Int? = nil) {
            self.path = path
            self.line = line
        }
    }

    /// What the call shows besides its title.
    package enum Content: Hashable, Sendable, Codable {
        case text(String)
        /// `old` is `nil` for a new file.
        case diff(path: String, old: String?, new: String)
        case terminal(id: String)
    }

    package var id: ToolCallID
    package var title: String
    package var kind: Kind
    package var status: Status
    package var locations: [Location]
    package var content: [Content]
    /// The tool's input as the agent sent it, as JSON text; bounded by the client.
    package var rawInput: String?
    /// The call of the sub-agent that does this.
    package var parent: ToolCallID?

    package init(
        id: ToolCallID, title: String, kind: Kind = .other, status: Status = .pending, locations: [Location] = [],
        content: [Content] = [], rawInput: String? = nil, parent: ToolCallID? = nil
    ) {
        self.id = id
        self.title = title
        self.kind = kind
        self.status = status
        self.locations = locations
        self.content = content
        self.rawInput = rawInput
        self.parent = parent
    }

    /// Takes over what the update says and keeps the rest.
    package mutating func apply(_ update: ToolCallUpdate) {
        if let title = update.title { self.title = title }
        if let kind = update.kind { self.kind = kind }
        if let status = update.status { self.status = status }
        if let locations = update.locations { self.locations = locations }
        if let content = update.content { self.content = content }
        if let rawInput = update.rawInput { self.rawInput = rawInput }
        if let parent = update.parent { self.parent = parent }
    }
}

/// The changed fields of a tool call; `nil` means unchanged.
package struct ToolCallUpdate: Hashable, Sendable, Codable {
    package var id: ToolCallID
    package var title: String?
    package var kind: ToolCall.Kind?
    package var status: ToolCall.Status?
    package var locations: [ToolCall.Location]?
    package var content: [ToolCall.Content]?
    package var rawInput: String?
    package var parent: ToolCallID?

    package init(
        id: ToolCallID, title: String? = nil, kind: ToolCall.Kind? = nil, status: ToolCall.Status? = nil,
        locations: [ToolCall.Location]? = nil, content: [ToolCall.Content]? = nil, rawInput: String? = nil,
        parent: ToolCallID? = nil
    ) {
        self.id = id
        self.title = title
        self.kind = kind
        self.status = status
        self.locations = locations
        self.content = content
        self.rawInput = rawInput
        self.parent = parent
    }
}
