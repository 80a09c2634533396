import AnycodeCore
import Glibc

/// Why bubblewrap could not make namespaces, and exactly what to do about it.
enum IsolationFailure {
    static func error(saying reason: String) -> SandboxError {
        SandboxError(.misconfigured, "bubblewrap cannot make a sandbox here: \(reason)", hint: hint(reason))
    }

    static func hint(
        _ reason: String, read: (String) -> String? = { ProcFile.text($0) }, isRoot: Bool = geteuid() == 0
    ) -> String {
        func value(_ name: String) -> String? {
            read("/proc/sys/\(name)")?.split(whereSeparator: \.isWhitespace).first.map(String.init)
        }
        let denied = ["ermission denied", "not permitted", "uid map", "namespace"].contains { reason.contains($0) }
        if denied, !isRoot, value("kernel/apparmor_restrict_unprivileged_userns") == "1" {
            return """
                AppArmor forbids it. Allow bubblewrap alone: put 'abi <abi/4.0>, include <tunables/global> profile \
                bwrap /usr/bin/bwrap flags=(unconfined) { userns, }' into /etc/apparmor.d/bwrap and run \
                'sudo apparmor_parser -r /etc/apparmor.d/bwrap'; or allow all: \
                'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'.
                """
        }
        if value("user/max_user_namespaces") == "0" {
            return "User namespaces are switched off: 'sudo sysctl -w user.max_user_namespaces=15000'."
        }
        if !isRoot, value("kernel/unprivileged_userns_clone") == "0" {
            return "User namespaces are switched off: 'sudo sysctl -w kernel.unprivileged_userns_clone=1'."
        }
        if denied, read("/run/.containerenv") != nil || access("/.dockerenv", F_OK) == 0 {
            return """
                Inside a container it needs more rights: run it with --privileged, or let the sandboxes be containers \
                too (provider = "docker"), or set isolation = "none" if the container is a sandbox in itself.
                """
        }
        return "Run 'anycode doctor', or set isolation = \"none\" if the machine is a sandbox in itself."
    }
}
