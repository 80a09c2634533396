package import AnycodeControl
import AnycodeCore
import AnycodeRuntime
import AnycodeStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension RuntimeBackend {
    package func findings() async throws -> [Finding] {
        let version = version()
        var findings = [Finding(.fine, "daemon", "version \(version.version), process \(version.pid)")]
        let tree = try tree()
        findings += Self.findings(inTree: tree) + Self.findings(ofChatsIn: tree)
        findings += controls.openPlatforms.map { platform in
            Finding(.failed, "access", "anybody may use the bot on \(platform): fill allowed_users under [\(platform)]")
        }
        if let trouble = store.gate.trouble { findings.append(Finding(.failed, "store", "\(trouble)")) }
        if controls.intake.state == .refusing {
            findings.append(Finding(.noted, "intake", "closed by a drain; anycodectl drain --undo opens it"))
        }
        findings.append(try await inboxFinding())
        findings += Self.findings(in: try await resources())
        findings.append(Self.clockFinding(in: tree))
        if let database = controls.database { findings += Self.findings(ofDatabase: database) }
        return findings
    }

    /// Every node that is in trouble, or that there is none.
    static func findings(inTree tree: TreeNode) -> [Finding] {
        let troubles = troubles(of: tree)
        return troubles.isEmpty ? [Finding(.fine, "tree", "every part runs")] : troubles
    }

    private static func troubles(of node: TreeNode) -> [Finding] {
        var words: [String] = []
        if !["running", "pending", "starting", "ended", "terminated"].contains(node.state) { words.append(node.state) }
        if let error = node.lastError { words.append("last error: \(error)") }
        if !node.abandoned.isEmpty { words.append("abandoned: \(node.abandoned.joined(separator: ", "))") }
        let isDown = !words.isEmpty && (node.state != "running" || !node.abandoned.isEmpty)
        let path = node.path.isEmpty ? node.id : node.path
        let own = words.isEmpty ? [] : [Finding(isDown ? .failed : .noted, path, words.joined(separator: "; "))]
        return own + node.children.flatMap(troubles)
    }

    /// How each platform's connection is, by what it says of itself.
    static func findings(ofChatsIn tree: TreeNode) -> [Finding] {
        let platforms = tree.children.first { $0.id == "chats" }?.children ?? []
        return platforms.map { platform in
            guard let words = platform.waiting?.reason ?? platform.details[TreeNode.Detail.status] else {
                return Finding(.noted, "chat", "\(platform.id): says nothing of its connection")
            }
            let isWell = ["connected", "polling", "on the terminal", "line by line"].contains { words.hasPrefix($0) }
            let isPassing = ["connecting", "flood wait"].contains { words.hasPrefix($0) }
            return Finding(isWell ? .fine : isPassing ? .noted : .failed, "chat", "\(platform.id): \(words)")
        }
    }

    /// What the watch over the clocks has seen since the start.
    static func clockFinding(in tree: TreeNode) -> Finding {
        let watch = tree.children.first { $0.id == "upkeep" }?.children.first { $0.id == "clock" }
        let seen = watch?.children.first { $0.id == "jump" }?.details[TreeNode.Detail.status]
        guard let seen else { return Finding(.fine, "clock", "steady since the start") }
        return Finding(.noted, "clock", "\(seen); is something setting the machine's clock twice?")
    }

    private func inboxFinding() async throws -> Finding {
        let oldest = try await store.read { try $0.pendingInbound(limit: 1) }.first
        guard let oldest, clock.date().timeIntervalSince(oldest.receivedAt) > 60 else {
            return Finding(.fine, "inbox", "nothing waits")
        }
        let minutes = Int(clock.date().timeIntervalSince(oldest.receivedAt) / 60)
        return Finding(.failed, "inbox", "a message has waited for \(minutes) min; anycodectl restart router")
    }

    static func findings(in list: ResourceList) -> [Finding] {
        var findings = list.problems.map { Finding(.failed, "sandboxes", $0) }
        let orphans = list.resources.count(where: \.isOrphan)
        if orphans > 0 {
            findings.append(Finding(.failed, "sandboxes", "\(orphans) without an owner; see anycodectl orphans"))
        } else if findings.isEmpty {
            let count = list.resources.count
            let words = count == 0 ? "none" : "\(count), each with an owner"
            findings.append(Finding(.fine, "sandboxes", "every provider answers; \(words)"))
        }
        return findings
    }

    private static func findings(ofDatabase path: String) -> [Finding] {
        var file = stat()
        var volume = statvfs()
        guard stat(path, &file) == 0, statvfs(path, &volume) == 0 else {
            return [Finding(.failed, "database", "\(path): \(String(cString: strerror(errno)))")]
        }
        let free = (Int(volume.f_bavail) * Int(volume.f_frsize)) >> 20
        let isShort = free < 512
        return [
            Finding(.fine, "database", "\(path), \(max(1, Int(file.st_size) >> 20)) MB"),
            Finding(isShort ? .failed : .fine, "disk", "\(free) MB free" + (isShort ? "; free some space" : "")),
        ]
    }
}
