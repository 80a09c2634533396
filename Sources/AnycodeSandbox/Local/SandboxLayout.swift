import AnycodeCore
import Glibc

/// Where things are inside a sandbox.
enum SandboxLayout {
    static let workspace = "/workspace/repo"
    static let home = "/home/agent"
    static let programs = "/run/anycode/bin"
    static let state = "/run/anycode/state"
    static let socketDirectory = "/run/anycode/socket"

    static let environment: [(name: String, value: String)] = [
        ("PATH", "\(programs):\(home)/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", home), ("LANG", "C.UTF-8"), ("TERM", "xterm-256color"), ("USER", "agent"),
    ]

    /// What programs of the machine need to run.
    static let system = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store"]

    /// Public parts of `/etc`: nothing of it holds accounts, keys or addresses.
    static let etc = [
        "alternatives", "bash.bashrc", "ca-certificates", "ca-certificates.conf", "crypto-policies",
        "debian_version", "fonts", "gai.conf", "host.conf", "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
        "locale.alias", "locale.conf", "localtime", "magic", "mime.types", "nsswitch.conf", "os-release", "perl",
        "pki/ca-trust/extracted", "pki/tls/certs", "protocols", "python3", "rpc", "services", "ssl/cert.pem",
        "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone",
    ]
}
