import AnycodeCore
import Glibc

/// Finds programs in the system's directories, never in the daemon's own `PATH`.
enum ProgramLookup {
    static let directories = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/run/current-system/sw/bin",
    ]

    static func find(_ name: String) -> String? {
        if name.hasPrefix("/") { return access(name, X_OK) == 0 ? name : nil }
        return directories.lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    static func require(_ name: String, package: String, alternative: String? = nil) throws(SandboxError) -> String {
        if let path = find(name) { return path }
        let hint = "Install the package \(package)" + (alternative.map { ", or \($0)." } ?? ".")
        throw SandboxError(.misconfigured, "the program \(name) is missing", hint: hint)
    }
}
