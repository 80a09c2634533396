import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct HomeFilesTests {
    @Test func whatLooksLikeAKeyIsASecret() throws {
        let text =
            #"{"auth_mode":"chatgpt","tokens":{"access_token":"eyJhbGciOi.J9x7_y-z0123456789","account":"short1"}}"#
        let file = HomeFile(path: ".codex/auth.json") { Array(text.utf8) }
        let files = HomeFiles(AgentProfile(name: AgentName("codex"), files: [file]))
        #expect(try files.files().map(\.path) == [".codex/auth.json"])
        #expect(files.secrets.map { $0.reveal() } == ["eyJhbGciOi.J9x7_y-z0123456789"])
        let masker = SecretMasker(secrets: files.secrets)
        #expect(masker.masked("it is eyJhbGciOi.J9x7_y-z0123456789!") == "it is [secret]!")
    }

    @Test func aFileThatCannotBeReadIsTheOperatorsToMend() {
        struct Missing: Error {}
        let file = HomeFile(path: ".aws/credentials") { throw Missing() }
        let files = HomeFiles(AgentProfile(name: AgentName("claude-code"), files: [file]))
        #expect(files.secrets.isEmpty)
        #expect { try files.files() } throws: { error in
            (error as? SandboxError)?.code == .misconfigured && "\(error)".contains(".aws/credentials")
        }
    }
}
