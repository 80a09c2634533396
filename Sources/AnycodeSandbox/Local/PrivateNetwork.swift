import AnycodeCore
import Glibc

/// A sandbox's own network, with outbound connections through pasta(1).
struct PrivateNetwork: Sendable {
    let pasta: String
    let nsenter: String
    let ip: String

    /// Where the sandbox's `resolv.conf` points; pasta hands what arrives there to the machine's resolver.
    static let resolver = "169.254.1.53"

    /// What clouds serve credentials and configuration at; closed inside.
    static let metadataAddresses = [
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
    ]

    /// Run by the guardian, with the network namespace at 0 and the user namespace that owns it at 3.
    ///
    /// pasta closes descriptors it does not know, except the first three; so the namespace comes as its input.
    /// It enters the user namespace through nsenter(1), for as root it would become `nobody` and lose the right.
    var helper: [String] {
        [
            nsenter, "--user=/proc/self/fd/\(Guardian.userNamespaceNumber)", "--preserve-credentials", pasta,
            "--foreground", "--quiet", "--config-net", "--no-map-gw", "--tcp-ports", "none", "--udp-ports", "none",
            "--tcp-ns", "none", "--udp-ns", "none", "--dns-forward", Self.resolver, "--netns-only", "--no-netns-quit",
            "--netns", "/proc/self/fd/0", "--pid", "/dev/stdout",
        ]
    }

    /// The commands of ip(8) that close the metadata services and the machine's own addresses.
    static func closing(addresses: [String]) -> [String] {
        addresses.map { "route replace unreachable \($0)" }
    }

    /// Closes what must not be reached. Nobody inside can undo it: the namespace is not theirs.
    func close(
        owner: Descriptor, network: Descriptor, deadline: ContinuousClock.Instant, _ work: BlockingWork
    ) throws(SandboxError) {
        let inside = "\(nsenter) --user=/proc/self/fd/3 --net=/proc/self/fd/4 --preserve-credentials"
        let hasIPv6 = access("/proc/net/if_inet6", F_OK) == 0
        let addresses = (Self.metadataAddresses + Self.machineAddresses()).filter { hasIPv6 || !$0.contains(":") }
        let batch = Self.closing(addresses: addresses).joined(separator: "\n") + "\n"
        let result = try Command(
            ["/bin/sh", "-c", "printf %s \"$1\" | \(inside) \(ip) -batch -", "sh", batch],
            extra: [owner, network]
        ).run(until: deadline, work)
        guard result.exitCode == 0 else {
            throw SandboxError(
                .misconfigured, "the sandbox's network cannot be closed to the machine: \(result.lastLine)",
                hint: "Install the package iproute2, or choose network = \"none\".")
        }
    }

    /// The machine's addresses besides the one that the sandbox gets as its own.
    static func machineAddresses() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [String] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr else { continue }
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            let size = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard
                getnameinfo(
                    address, socklen_t(size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            else { continue }
            let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if name.hasPrefix("127.") || name == "::1" || name.contains("%") { continue }
            found.append(name)
        }
        return found
    }
}
