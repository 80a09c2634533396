/// What in a session falls due at a time.
package enum SessionDeadline: Int, Hashable, Sendable, CaseIterable {
    case provisioning, reminder, person, agentTime, moreTime, firstEvent, silence, checkpoint, linger, stopGrace, save
}

/// When each deadline falls due. Looked at with every event of an agent, so it neither hashes nor allocates.
package struct SessionDeadlines: Hashable, Sendable {
    /// Deadlines without their times.
    struct Names: OptionSet {
        let rawValue: UInt16

        init(rawValue: UInt16) { self.rawValue = rawValue }

        init(_ deadline: SessionDeadline) { rawValue = 1 << deadline.rawValue }

        mutating func insert(_ deadline: SessionDeadline) { formUnion(Names(deadline)) }
        func contains(_ deadline: SessionDeadline) -> Bool { isSuperset(of: Names(deadline)) }
    }

    private var dues = [Duration?](repeating: nil, count: SessionDeadline.allCases.count)

    package subscript(deadline: SessionDeadline) -> Duration? {
        get { dues[deadline.rawValue] }
        set { dues[deadline.rawValue] = newValue }
    }

    /// The earliest, if any.
    package var next: Duration? {
        var earliest: Duration?
        for case let due? in dues where earliest.map({ due < $0 }) ?? true { earliest = due }
        return earliest
    }

    /// All that are set, earliest first.
    package var inOrder: [(deadline: SessionDeadline, due: Duration)] {
        SessionDeadline.allCases
            .compactMap { deadline in self[deadline].map { (deadline, $0) } }
            .sorted { ($0.due, $0.deadline.rawValue) < ($1.due, $1.deadline.rawValue) }
    }
}
