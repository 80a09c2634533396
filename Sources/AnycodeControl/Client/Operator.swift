#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The person at the command line.
package enum Operator {
    /// The login name; behind `sudo` the person's own.
    package static func name(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        let names = [environment["SUDO_USER"], environment["USER"], environment["LOGNAME"]]
        return names.compactMap(\.self).first { !$0.isEmpty } ?? "an operator"
    }
}
