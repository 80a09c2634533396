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

/// Where the control socket is. The daemon and its tools both ask here, so that they meet without configuration.
package enum ControlSocket {
    /// - Parameter given: A path named by the person, by `--socket` or `control.socket`.
    package static func path(
        given: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
        isRoot: Bool = geteuid() == 0
    ) -> String {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let given { return given }
        if let path = value("ANYCODE_SOCKET") { return path }
        if let directory = value("XDG_RUNTIME_DIR") { return directory + "/anycode/control.sock" }
        if isRoot { return "/run/anycode/control.sock" }
        return (value("HOME") ?? "") + "/.anycode/control.sock"
    }
}
