/// Whom a container's processes run as.
struct ContainerUser: Hashable, Sendable {
    let owner: TarWriter.Owner

    static let root = ContainerUser(owner: .root)

    /// Whether the image's `USER` needs `/etc/passwd` to be understood.
    static func needsLookup(_ user: String) -> Bool { !["", "root", "0", "root:root", "0:0"].contains(user) }

    /// Whether it is a number. The Engine gives one that has no name the home `/`, and only inside shows who has one.
    static func isNumber(_ user: String) -> Bool { needsLookup(user) && UInt32(user.prefix { $0 != ":" }) != nil }

    /// - Parameters:
    ///   - user: `name`, `name:group`, `uid` or `uid:gid`; group names do not matter here.
    ///   - passwd: The image's; `nil` when it has none.
    /// - Returns: `nil` when the name is unknown: then the Engine refuses to start it.
    init?(_ user: String, passwd: [UInt8]?) {
        guard Self.needsLookup(user) else {
            self = .root
            return
        }
        let parts = user.split(separator: ":", maxSplits: 1).map(String.init)
        let name = parts.first ?? "0"
        let number = UInt32(name)
        let entry = String(decoding: passwd ?? [], as: UTF8.self).split(separator: "\n").lazy
            .map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
            .first { $0.count >= 6 && (number == nil ? $0[0] == name : UInt32($0[2]) == number) }
        guard let id = number ?? entry.flatMap({ UInt32($0[2]) }) else { return nil }
        let group = parts.count > 1 ? UInt32(parts[1]) : nil
        owner = TarWriter.Owner(user: id, group: group ?? entry.flatMap { UInt32($0[3]) } ?? 0)
    }

    private init(owner: TarWriter.Owner) {
        self.owner = owner
    }
}
