import AnycodeCore

/// The files that an agent gets in its private home, read for one session.
package struct HomeFiles: Sendable {
    /// Most words of files that are looked for as secrets.
    private static let limit = 200

    private let content: Result<[(path: String, bytes: [UInt8])], SandboxError>

    init(_ profile: AgentProfile?) {
        var found: [(path: String, bytes: [UInt8])] = []
        for file in profile?.files ?? [] {
            do {
                found.append((file.path, try file.read()))
            } catch {
                content = .failure(
                    SandboxError(
                        .misconfigured, "the file for \(file.path) cannot be read: \(error)",
                        hint: "See files of the agent's section [agents.credentials.<name>]."))
                return
            }
        }
        content = .success(found)
    }

    func files() throws(SandboxError) -> [(path: String, bytes: [UInt8])] { try content.get() }

    /// What in them looks like a key or a token, so that it is masked where it appears.
    var secrets: [Secret] {
        guard case .success(let files) = content else { return [] }
        let words = files.flatMap { $0.bytes.split { !Self.isPartOfWord($0) } }
        return words.filter { word in word.count >= 20 && word.contains { (48...57).contains($0) } }
            .prefix(Self.limit).map { Secret(String(decoding: $0, as: UTF8.self)) }
    }

    /// Letters and digits of base64 in both alphabets, and the dots of JSON Web Tokens.
    private static func isPartOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension AgentProfile {
    /// Tells our runner's adapters that the agent may obey the repository.
    static let trustVariable = "ANYCODE_TRUST_REPOSITORY"

    /// The operator trusts every repository that this agent works on.
    var trustsRepositories: Bool { environment[Self.trustVariable]?.reveal() == "1" }
}
