@testable import Supervision

/// A supervision tree in the simplest terms: what is up, in which incarnation, after everything has settled.
///
/// Independent of the machine under test: no sequences, no states between up and down, plain recursion.
final class TreeModel {
    /// The plan of a node, from which its incarnations are made.
    indirect enum Plan {
        case worker
        case supervisor(RestartStrategy, RestartIntensity, [(id: String, restart: RestartType, plan: Plan)])
        case dynamic(RestartIntensity, IntensityScope, RestartType, keys: [String])
    }

    final class Node {
        let id: String
        let restart: RestartType
        let plan: Plan
        var up = true
        var terminated = false
        var incarnation = 1
        var restarts = 0
        /// The times of restarts, of this node alone.
        var times: [Duration] = []
        /// The times of restarts of the children, counted together.
        var sharedTimes: [Duration] = []
        var children: [Node] = []
        weak var parent: Node?

        init(id: String, restart: RestartType, plan: Plan, parent: Node?) {
            self.id = id
            self.restart = restart
            self.plan = plan
            self.parent = parent
            build()
        }

        func build() {
            sharedTimes = []
            switch plan {
            case .worker: children = []
            case .supervisor(_, _, let list):
                children = list.map { Node(id: $0.id, restart: $0.restart, plan: $0.plan, parent: self) }
            case .dynamic(_, _, let restart, let keys):
                children = keys.map { Node(id: $0, restart: restart, plan: .worker, parent: self) }
            }
        }

        /// A new incarnation, with everything below it new.
        func renew() {
            up = true
            incarnation += 1
            build()
        }

        func fall() {
            up = false
            children = []
        }
    }

    let root: Node
    /// Whether the root has escalated.
    private(set) var failed = false
    private var now = Duration.zero

    init(_ plan: Plan) {
        root = Node(id: "root", restart: .temporary, plan: plan, parent: nil)
    }

    func passed(_ duration: Duration) {
        now += duration
    }

    func node(_ path: [String]) -> Node? {
        path.reduce(Optional(root)) { node, id in node?.children.first { $0.id == id } }
    }

    func ended(_ node: Node, _ reason: ExitReason) {
        guard let parent = node.parent else {
            failed = true
            return root.fall()
        }
        let again =
            switch node.restart {
            case .permanent: true
            case .transient: reason.isFailure
            case .temporary: false
            }
        guard again else { return stayDown(node, in: parent) }
        switch parent.plan {
        case .worker: break
        case .supervisor(let strategy, let intensity, _):
            guard !tooMany(&parent.sharedTimes, intensity) else { return escalate(parent) }
            restart(node, in: parent, strategy)
        case .dynamic(let intensity, .supervisor, _, _):
            guard !tooMany(&parent.sharedTimes, intensity) else { return escalate(parent) }
            restart(node, in: parent, .oneForOne)
        case .dynamic(let intensity, .perChild, _, _):
            guard !tooMany(&node.times, intensity) else { return stayDown(node, in: parent) }
            restart(node, in: parent, .oneForOne)
        }
    }

    func terminated(_ node: Node) {
        guard let parent = node.parent else { return }
        stayDown(node, in: parent)
        node.terminated = true
    }

    /// A restart that somebody asked for.
    func renewed(_ node: Node) {
        guard let parent = node.parent else { return }
        node.terminated = false
        node.renew()
        if case .supervisor(let strategy, _, _) = parent.plan { renewSiblings(of: node, in: parent, strategy) }
    }

    func added(_ key: String, to node: Node) {
        guard case .dynamic(_, _, let restart, _) = node.plan else { return }
        node.children.append(Node(id: key, restart: restart, plan: .worker, parent: node))
    }

    private func restart(_ node: Node, in parent: Node, _ strategy: RestartStrategy) {
        node.restarts += 1
        node.renew()
        renewSiblings(of: node, in: parent, strategy)
    }

    private func renewSiblings(of node: Node, in parent: Node, _ strategy: RestartStrategy) {
        guard strategy != .oneForOne else { return }
        let position = parent.children.firstIndex { $0 === node } ?? 0
        for (index, sibling) in parent.children.enumerated() where sibling !== node && !sibling.terminated {
            guard strategy == .oneForAll || index > position else { continue }
            if sibling.restart == .temporary {
                parent.children.removeAll { $0 === sibling }
            } else {
                sibling.renew()
            }
        }
    }

    private func stayDown(_ node: Node, in parent: Node) {
        node.fall()
        if case .dynamic = parent.plan { return parent.children.removeAll { $0 === node } }
        if node.restart == .temporary { parent.children.removeAll { $0 === node } }
    }

    private func escalate(_ node: Node) {
        node.fall()
        ended(node, .failure(.init(SupervisionError(.restartLimitReached, ""))))
    }

    private func tooMany(_ times: inout [Duration], _ intensity: RestartIntensity) -> Bool {
        times.append(now)
        return times.count { now - $0 <= intensity.period } > intensity.restarts
    }

    // MARK: Comparing

    /// Every node below the root in one line each.
    var lines: [String] {
        root.children.flatMap { Self.lines($0, at: []) }.sorted()
    }

    private static func lines(_ node: Node, at path: [String]) -> [String] {
        let path = path + [node.id]
        let line = "\(NodePath(path)) \(node.up ? "up" : "down") #\(node.incarnation) r\(node.restarts)"
        return [line] + node.children.flatMap { lines($0, at: path) }
    }

    /// The same lines from the real tree.
    static func lines(_ tree: NodeSnapshot, at path: [String] = []) -> [String] {
        tree.children.flatMap { child in
            let path = path + [child.id]
            let up = [NodeState.running, .stopping, .cancelling, .starting].contains(child.state) ? "up" : "down"
            let line = "\(NodePath(path)) \(up) #\(child.incarnation) r\(child.restarts)"
            return [line] + lines(child, at: path)
        }.sorted()
    }

    /// All paths of live workers, and of all other nodes.
    func paths(where matches: (Node) -> Bool) -> [[String]] {
        func collect(_ node: Node, _ path: [String]) -> [[String]] {
            (matches(node) ? [path] : []) + node.children.flatMap { collect($0, path + [$0.id]) }
        }
        return root.children.flatMap { collect($0, [$0.id]) }
    }
}
