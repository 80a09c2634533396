import AnycodeCore
import Glibc

/// The runner as a file of this machine.
struct RunnerProgram: Sendable {
    /// Without links.
    let path: String

    init(_ configured: String) throws(SandboxError) {
        guard let real = realpath(configured, nil) else {
            throw SandboxError(
                .misconfigured, "the runner \(configured) is missing",
                hint: "Install anycode-runner beside anycode, or set its path in the configuration.")
        }
        defer { free(real) }
        path = String(cString: real)
        guard access(path, X_OK) == 0 else {
            throw SandboxError(.misconfigured, "the runner \(configured) is not an executable program")
        }
    }

    var directory: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/" }
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    func command(socket: String, state: String, workspace: String, program: String) -> [String] {
        [
            program, "serve", "--listen", "unix:\(socket)", "--state-dir", state, "--workspace", workspace,
            "--token-stdin",
        ]
    }
}
