import AnycodeCore
import Glibc

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Everything on disk that a sandbox needs before a process of it may exist.
struct SandboxPreparation: Sendable {
    let configuration: LocalSandboxProvider.Configuration
    let spec: SandboxSpec
    let directory: LeaseDirectory

    var user: SandboxUser {
        configuration.isolation == .none ? .caller : SandboxUser.current(for: spec.lease)
    }

    /// Leaves the record on disk, then makes the directories; what a lease's earlier sandbox left stays.
    func run(isolatorVersion: String?) throws(SandboxError) -> LeaseRecord {
        try checkRepository()
        for path in configuration.readOnlyPaths where !path.hasPrefix("/") || access(path, F_OK) != 0 {
            throw SandboxError(
                .misconfigured, "the path \(path), which sandboxes should be able to read, does not exist")
        }
        try directory.create(base: configuration.base)
        try checkSpace()
        let network = configuration.isolation == .none ? .host : configuration.network(for: spec.agent)
        let record = LeaseRecord(
            lease: spec.lease, instance: configuration.instance, session: spec.session, agent: spec.agent,
            createdAt: LeaseRecord.read(directory.record)?.createdAt ?? Date(), isolation: configuration.isolation,
            network: network, isolatorVersion: isolatorVersion)
        try record.write(in: directory.path, name: directory.recordName)
        try directory.fill(owner: user.owner)
        let resolver = ResolverSettings.current
        try SyntheticFiles(
            nameservers: resolver.nameservers(for: network), searchDomains: network == .none ? nil : resolver.search,
            localRepository: spec.localRepository
        ).write(to: directory.etc)
        return record
    }

    private func checkSpace() throws(SandboxError) {
        var status = statvfs()
        guard statvfs(configuration.base, &status) == 0 else { return }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        guard free >= configuration.minimumFreeSpace else {
            throw SandboxError(
                .unavailable,
                "only \(free >> 20) MiB are free for sandboxes, and \(configuration.minimumFreeSpace >> 20) MiB are "
                    + "the least", hint: "Free some space on the disk of \(configuration.base).")
        }
    }

    /// Refuses what would show the sandbox more than a repository.
    private func checkRepository() throws(SandboxError) {
        guard let path = spec.localRepository else { return }
        guard path.hasPrefix("/"), let real = realpath(path, nil) else {
            throw SandboxError(.failed, "the local repository \(path) does not exist")
        }
        defer { free(real) }
        let resolved = String(cString: real)
        let base =
            realpath(configuration.base, nil).map { pointer in
                defer { free(pointer) }
                return String(cString: pointer)
            } ?? configuration.base
        let shown = resolved.hasSuffix("/") ? resolved : resolved + "/"
        guard !(base + "/").hasPrefix(shown), !(resolved + "/").hasPrefix(base + "/") else {
            throw SandboxError(.failed, "the local repository \(path) holds the sandboxes themselves")
        }
        var status = stat()
        guard stat(resolved, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw SandboxError(.failed, "the local repository \(path) is not a directory")
        }
        if user != .caller, status.st_mode & 0o005 != 0o005 {
            throw SandboxError(
                .failed, "the local repository \(path) is private to its owner",
                hint: "Run the daemon as that user, or 'chmod -R o+rX \(path)'.")
        }
    }
}

/// The machine's resolver, as far as a sandbox needs it.
struct ResolverSettings: Sendable {
    let nameservers: [String]
    let search: String?

    static var current: ResolverSettings { ResolverSettings(parsing: ProcFile.text("/etc/resolv.conf") ?? "") }

    init(parsing text: String) {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.split(whereSeparator: \.isWhitespace) }
        nameservers = lines.filter { $0.first == "nameserver" && $0.count > 1 }.prefix(3).map { String($0[1]) }
        search = lines.last { $0.first == "search" && $0.count > 1 }.map { $0.dropFirst().joined(separator: " ") }
    }

    func nameservers(for network: LocalSandboxProvider.Network) -> [String] {
        switch network {
        case .private: [PrivateNetwork.resolver]
        case .host: nameservers
        case .none: []
        }
    }
}
