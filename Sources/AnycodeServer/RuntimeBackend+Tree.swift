package import AnycodeControl
import AnycodeCore
import AnycodeRuntime
import AnycodeStore
import Supervision

extension RuntimeBackend {
    package func tree() throws -> TreeNode {
        guard let tree = look() else { throw Refusal.isStarting }
        return tree
    }

    package func treeChanges() -> AsyncStream<TreeNode> {
        let sampler = TreeSampler(look: { look() }, sleep: clock.sleep)
        return AsyncStream { await sampler.next() }
    }

    private func look() -> TreeNode? {
        guard let snapshot = snapshot() else { return nil }
        var tree = TreeNode(snapshot)
        showDeadlines(in: &tree)
        switch controls.intake.state {
        case .open: break
        case .refusing: tree.details["intake"] = "closed by drain"
        case .holding: tree.details["intake"] = "closed, stopping"
        }
        return tree
    }

    private func showDeadlines(in tree: inout TreeNode) {
        guard let sessions = tree.children.firstIndex(where: { $0.id == "sessions" }) else { return }
        let now = clock.now()
        for place in tree.children[sessions].children.indices {
            let id = SessionID(tree.children[sessions].children[place].id)
            tree.children[sessions].children[place].deadlines = live(id)?.brief.left(at: now) ?? []
        }
    }

    package func events(follows: Bool) -> AsyncThrowingStream<[TreeEvent], any Error> {
        let look = controls.journal.reading(follows: follows)
        return Follower(look: { look() }, sleep: clock.sleep).stream
    }

    package func restart(path: String, by asker: Asker) async throws -> RestartAnswer {
        let node = try resolve(NodePath(path), in: tree())
        try await record(asker, "restart", node.path)
        try await forgive(node)
        do {
            try controls.restart(NodePath(node.path))
        } catch let error as SupervisionError {
            let code: Refusal.Code = error.code == .childNotFound ? .notFound : .conflict
            throw Refusal(code, "\(node.path) cannot be restarted: \(error.message)", hint: error.hint)
        }
        return RestartAnswer(path: node.path, state: node.state)
    }

    /// A session that an operator restarts did not crash: the adoption is not counted towards setting it aside.
    private func forgive(_ node: TreeNode) async throws {
        let ids = NodePath(node.path).components
        guard ids.first == "sessions", ids.count == 2 else { return }
        try await store.write { try $0.forgiveBootAttempts(SessionID(ids[1])) }
    }

    /// The node at a path whose ids may be shortened.
    private func resolve(_ path: NodePath, in root: TreeNode) throws -> TreeNode {
        var ids = path.components[...]
        if ids.first == root.id, !root.children.contains(where: { $0.id == root.id }) { ids = ids.dropFirst() }
        guard !ids.isEmpty else {
            throw Refusal(.badRequest, "The root cannot be restarted.", hint: "restart the daemon instead")
        }
        var node = root
        for id in ids {
            let fitting = node.children.filter { $0.id.hasPrefix(id) }
            if let exact = fitting.first(where: { $0.id == id }) {
                node = exact
            } else if fitting.count > 1 {
                throw Refusal(
                    .ambiguous, "Several nodes' ids begin with \(id).", candidates: fitting.prefix(6).map(\.id))
            } else if let only = fitting.first {
                node = only
            } else {
                throw Refusal(.notFound, "There is no node \(path).", hint: "see anycodectl tree")
            }
        }
        return node
    }
}
