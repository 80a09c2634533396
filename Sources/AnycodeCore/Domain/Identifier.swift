/// An opaque identifier whose `Tag` keeps ids of different things apart.
package struct Identifier<Tag>: Hashable, Sendable, Codable, CustomStringConvertible, Comparable {
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    package init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    package var description: String { rawValue }

    /// The first eight characters: what people see and type.
    package var short: String { String(rawValue.prefix(8)) }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

package enum SessionTag: Sendable {}
package enum LeaseTag: Sendable {}
package enum InstanceTag: Sendable {}
package enum InteractionTag: Sendable {}
package enum PlatformTag: Sendable {}
package enum ProviderTag: Sendable {}
package enum PersonTag: Sendable {}
package enum MessageTag: Sendable {}
package enum AgentTag: Sendable {}
package enum AgentSessionTag: Sendable {}
package enum ToolCallTag: Sendable {}

/// One `/task` and everything that follows from it; 32 lowercase hexadecimal digits.
package typealias SessionID = Identifier<SessionTag>
/// One sandbox, whether it exists already or is only intended. Sandbox names derive from it.
package typealias LeaseID = Identifier<LeaseTag>
/// One installation of the daemon; labels everything it creates.
package typealias InstanceID = Identifier<InstanceTag>
/// One question or permission request.
package typealias InteractionID = Identifier<InteractionTag>
/// A chat platform's name: `console`, `telegram`, `slack`.
package typealias PlatformID = Identifier<PlatformTag>
/// A sandbox provider's name: `local`, `docker`.
package typealias ProviderID = Identifier<ProviderTag>
/// A person's stable id on one platform (never a re-registrable name).
package typealias PersonID = Identifier<PersonTag>
/// A message's id, unique within its chat.
package typealias MessageID = Identifier<MessageTag>
/// An agent's name as written in `/task NAME`.
package typealias AgentName = Identifier<AgentTag>
/// The agent's own name for a conversation.
package typealias AgentSessionID = Identifier<AgentSessionTag>
/// The agent's id of a tool call.
package typealias ToolCallID = Identifier<ToolCallTag>
