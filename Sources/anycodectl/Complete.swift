import AnycodeControl

/// Words for the shell to complete with, from the daemon at its usual place; none when it does not answer at once.
enum Complete {
    @Sendable static func sessions(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        ((try? client.sessions()) ?? []).map { String($0.id.prefix(12)) }
    }

    @Sendable static func nodes(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        guard let tree = try? client.tree() else { return [] }
        return paths(of: tree)
    }

    private static var client: ControlClient { ControlClient(socketPath: ControlSocket.path(), patience: .seconds(1)) }

    private static func paths(of node: TreeNode) -> [String] {
        node.children.flatMap { child in
            let isRestartable = child.kind != "part" && child.kind != TreeNode.save
            return (isRestartable ? [child.path] : []) + paths(of: child)
        }
    }
}
