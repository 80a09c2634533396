/// What a node of the tree is; open to kinds of your own.
public struct NodeKind: RawRepresentable, Sendable, Hashable, Codable, ExpressibleByStringLiteral {
    /// The kind's name.
    public let rawValue: String

    /// Makes a kind.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Makes a kind.
    public init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    /// A static supervisor.
    public static let supervisor = NodeKind(rawValue: "supervisor")
    /// A supervisor of keyed children.
    public static let dynamicSupervisor = NodeKind(rawValue: "dynamic")
    /// A child that does work.
    public static let worker = NodeKind(rawValue: "worker")
    /// A part of a child that has no life of its own, see ``StatusCell/node(_:kind:)``.
    public static let part = NodeKind(rawValue: "part")
}

/// What a node is doing; open to states of your own for parts of a child.
public struct NodeState: RawRepresentable, Sendable, Hashable, Codable, ExpressibleByStringLiteral {
    /// The state's name.
    public let rawValue: String

    /// Makes a state.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Makes a state.
    public init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    /// It has not been its turn to start yet.
    public static let pending: NodeState = "pending"
    /// Its factory is at work.
    public static let starting: NodeState = "starting"
    /// It is up.
    public static let running: NodeState = "running"
    /// It crashed and waits for its restart.
    public static let backingOff: NodeState = "backing off"
    /// It was told to stop.
    public static let stopping: NodeState = "stopping"
    /// It was cancelled and is about to be abandoned.
    public static let cancelling: NodeState = "cancelling"
    /// It ended and stays down.
    public static let ended: NodeState = "ended"
    /// It was told to end and stays down.
    public static let terminated: NodeState = "terminated"
}

/// A node of the supervision tree and all below it, as they were at one moment.
///
/// Taken without waiting for any child, so a stuck one cannot hold it up. Times are in seconds.
public struct NodeSnapshot: Sendable, Equatable, Codable, Identifiable {
    /// What a node waits for.
    public struct Waiting: Sendable, Equatable, Codable {
        /// For what, in words a person can read.
        public var reason: String
        /// On whom or what.
        public var on: String?
        /// For how long already.
        public var seconds: Double
        /// How long until its deadline; negative when overdue.
        public var deadline: Double?

        /// Describes a wait.
        public init(reason: String, on: String? = nil, seconds: Double, deadline: Double? = nil) {
            self.reason = reason
            self.on = on
            self.seconds = seconds
            self.deadline = deadline
        }
    }

    /// The node's id, unique among its siblings.
    public var id: String
    /// What it is.
    public var kind: NodeKind
    /// What it is doing.
    public var state: NodeState
    /// For how long the present incarnation has run.
    public var uptime: Double?
    /// The number of the present or last incarnation, from 1.
    public var incarnation: Int
    /// How often it was restarted after a crash.
    public var restarts: Int
    /// Why it last crashed.
    public var lastError: String?
    /// What it waits for.
    public var waiting: Waiting?
    /// Further facts that the child tells about itself.
    public var details: [String: String]
    /// Earlier incarnations of children below this supervisor that were abandoned and still go on, by child id.
    public var abandoned: [String]
    /// The nodes below, in order.
    public var children: [NodeSnapshot]

    /// Makes a node.
    public init(
        id: String, kind: NodeKind, state: NodeState, uptime: Double? = nil, incarnation: Int = 1, restarts: Int = 0,
        lastError: String? = nil, waiting: Waiting? = nil, details: [String: String] = [:], abandoned: [String] = [],
        children: [NodeSnapshot] = []
    ) {
        self.id = id
        self.kind = kind
        self.state = state
        self.uptime = uptime
        self.incarnation = incarnation
        self.restarts = restarts
        self.lastError = lastError
        self.waiting = waiting
        self.details = details
        self.abandoned = abandoned
        self.children = children
    }

    /// The node at a path from this one.
    public subscript(path: NodePath) -> NodeSnapshot? {
        var node = self
        for id in path.components {
            guard let child = node.children.first(where: { $0.id == id }) else { return nil }
            node = child
        }
        return node
    }
}

/// What a supervisor knows of a child of its own.
public struct ChildInfo: Sendable, Equatable, Identifiable {
    /// The child's id, or its key's description.
    public let id: String
    /// What it is.
    public let kind: NodeKind
    /// What it is doing.
    public let state: NodeState
    /// The number of its present or last incarnation.
    public let incarnation: Int
    /// How often it was restarted after a crash.
    public let restarts: Int
}

/// How many children a supervisor has.
public struct ChildCounts: Sendable, Equatable {
    /// All, up or down.
    public let specs: Int
    /// Those that are up, or on their way up or down.
    public let active: Int
    /// Those that are supervisors, by their spec's kind.
    public let supervisors: Int
    /// All others.
    public let workers: Int
}
