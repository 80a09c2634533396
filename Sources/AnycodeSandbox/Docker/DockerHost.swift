package import AnycodeCore
import Glibc
package import HTTPTransport

/// Where a Docker Engine listens.
package struct DockerHost: Hashable, Sendable, CustomStringConvertible {
    package enum Address: Hashable, Sendable {
        case unixSocket(path: String)
        case tcp(host: String, port: Int)
    }

    package let address: Address
    /// `nil`: plain HTTP.
    package let tls: HTTPTLS?

    package init(_ address: Address, tls: HTTPTLS? = nil) {
        self.address = address
        self.tls = tls
    }

    /// What `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` say; else the usual sockets.
    package init(environment: [String: String]) throws(SandboxError) {
        guard let text = environment["DOCKER_HOST"], !text.isEmpty else {
            self.init(.unixSocket(path: Self.usualSocket(environment)))
            return
        }
        try self.init(text, tls: Self.tls(environment))
    }

    private init(_ text: String, tls: HTTPTLS?) throws(SandboxError) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[1].hasPrefix("//") else { throw Self.unusable(text) }
        let rest = String(parts[1].dropFirst(2))
        switch parts[0] {
        case "unix" where rest.hasPrefix("/"): self.init(.unixSocket(path: rest))
        case "tcp", "http", "https":
            let authority = String(rest.prefix { $0 != "/" })
            guard let address = Self.address(authority, defaultPort: tls == nil && parts[0] != "https" ? 2375 : 2376)
            else { throw Self.unusable(text) }
            self.init(address, tls: parts[0] == "https" ? tls ?? HTTPTLS() : tls)
        default: throw Self.unusable(text)
        }
    }

    package var description: String {
        switch address {
        case .unixSocket(let path): "unix://\(path)"
        case .tcp(let host, let port): "tcp://\(host):\(port)"
        }
    }

    /// Whether its loopback address is this machine's.
    var isLocal: Bool {
        switch address {
        case .unixSocket: true
        case .tcp(let host, _): host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
        }
    }

    /// The beginning of every URL. A socket's host name is its own, because idle connections are looked up by it.
    var baseURL: String {
        switch address {
        case .unixSocket(let path):
            "http://docker" + String(path.suffix(50).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
                + "x"
        case .tcp(let host, let port): "\(tls == nil ? "http" : "https")://\(host):\(port)"
        }
    }

    var socketPath: String? {
        if case .unixSocket(let path) = address { path } else { nil }
    }

    private static func usualSocket(_ environment: [String: String]) -> String {
        let usual = "/var/run/docker.sock"
        guard access(usual, F_OK) != 0, let runtime = environment["XDG_RUNTIME_DIR"] else { return usual }
        let rootless = "\(runtime)/docker.sock"
        return access(rootless, F_OK) == 0 ? rootless : usual
    }

    private static func tls(_ environment: [String: String]) -> HTTPTLS? {
        guard let verify = environment["DOCKER_TLS_VERIFY"], !verify.isEmpty else { return nil }
        let directory =
            environment["DOCKER_CERT_PATH"].flatMap { $0.isEmpty ? nil : $0 }
            ?? environment["DOCKER_CONFIG"] ?? "\(environment["HOME"] ?? "")/.docker"
        return HTTPTLS(
            trust: .authorities(file: "\(directory)/ca.pem"),
            clientCertificate: .init(certificateFile: "\(directory)/cert.pem", keyFile: "\(directory)/key.pem"))
    }

    private static func address(_ authority: String, defaultPort: Int) -> Address? {
        let end = authority.lastIndex(of: "]") ?? authority.startIndex
        guard !authority.isEmpty else { return nil }
        guard let colon = authority[end...].lastIndex(of: ":") else { return .tcp(host: authority, port: defaultPort) }
        let host = String(authority[..<colon])
        guard let port = Int(authority[authority.index(after: colon)...]), (1...65535).contains(port) else {
            return nil
        }
        return .tcp(host: host.isEmpty ? "127.0.0.1" : host, port: port)
    }

    private static func unusable(_ text: String) -> SandboxError {
        SandboxError(
            .misconfigured, "DOCKER_HOST is not understood: \(text.prefix(100))",
            hint: "Use unix:///path/to/docker.sock or tcp://host:port.")
    }
}
