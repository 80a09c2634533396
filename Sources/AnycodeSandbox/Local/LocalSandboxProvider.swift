package import AnycodeCore
import Glibc
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Sandboxes of this machine, made with bubblewrap.
///
/// They do not depend on the daemon: a killed one leaves them running, and the next takes them over.
package final class LocalSandboxProvider: SandboxProvider {
    package let id = ProviderID("local")
    package let configuration: Configuration
    private let locks = LeaseLocks()
    private let children = Mutex<[LeaseID: ChildProcess]>([:])
    let surroundingsCache = Mutex<LocalSurroundings?>(nil)

    package init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    package func acquire(
        _ spec: SandboxSpec, progress: @escaping @Sendable (String) -> Void
    ) async throws(SandboxError) -> any SandboxLease {
        let directory = try LeaseDirectory(spec.lease, base: configuration.base)
        return try await locks.withLock(spec.lease) { () throws(SandboxError) in
            try await BlockingWork.run { work throws(SandboxError) in
                if let lease = try self.takeOverOrEnd(spec, directory, work) { return lease }
                progress("starting a sandbox")
                return try self.start(spec, directory, work)
            }
        }
    }

    package func adopt(_ spec: SandboxSpec) async throws(SandboxError) -> (any SandboxLease)? {
        let directory = try LeaseDirectory(spec.lease, base: configuration.base)
        return try await locks.withLock(spec.lease) { () throws(SandboxError) in
            try await BlockingWork.run { work throws(SandboxError) in
                guard let record = try self.ownRecord(directory) else { return nil }
                return try self.takeOver(spec, directory, record, work)
            }
        }
    }

    package func list() async throws(SandboxError) -> [SandboxRecord] {
        try await BlockingWork.run { _ throws(SandboxError) in
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: self.configuration.base) else {
                return []
            }
            return names.compactMap(self.entry).sorted { $0.createdAt < $1.createdAt }
        }
    }

    package func destroy(_ lease: LeaseID) async throws(SandboxError) {
        let directory = try LeaseDirectory(lease, base: configuration.base)
        try await locks.withLock(lease) { () throws(SandboxError) in
            try await BlockingWork.run { work throws(SandboxError) in
                if let record = try self.ownRecord(directory) {
                    try self.end(record, directory, work)
                }
                try DirectoryRemoval(directory.path)?.run(keepingUntilLast: directory.recordName)
            }
            self.children.withLock { _ = $0.removeValue(forKey: lease) }
        }
    }

    // MARK: - Taking over

    private func takeOverOrEnd(
        _ spec: SandboxSpec, _ directory: LeaseDirectory, _ work: BlockingWork
    ) throws(SandboxError) -> LocalLease? {
        guard let record = try ownRecord(directory) else { return nil }
        do throws(SandboxError) {
            if let lease = try takeOver(spec, directory, record, work) { return lease }
        } catch  where error.code != .cancelled {
            // It runs and is of no use: a new one on the same files is.
        }
        try end(record, directory, work)
        return nil
    }

    private func end(
        _ record: LeaseRecord, _ directory: LeaseDirectory, _ work: BlockingWork
    ) throws(SandboxError) {
        try SandboxEnd(record: record, directory: directory, grace: configuration.grace, work: work).run()
    }

    private func takeOver(
        _ spec: SandboxSpec, _ directory: LeaseDirectory, _ record: LeaseRecord, _ work: BlockingWork
    ) throws(SandboxError) -> LocalLease? {
        guard let main = record.main?.open() else { return nil }
        let readiness = RunnerReadiness(
            directory: directory, token: spec.token, main: main,
            owner: record.isolation == .none ? nil : SandboxUser.current(for: spec.lease).owner)
        switch try readiness.wait(until: .now + configuration.startTimeout, work) {
        case .ready: return lease(spec, directory, main)
        case .died: return nil
        case .unauthorized:
            throw SandboxError(.failed, "the sandbox runs but refuses this instance's token")
        case .late(let why):
            throw SandboxError(.unavailable, "the sandbox runs but does not answer: \(why)")
        }
    }

    private func lease(_ spec: SandboxSpec, _ directory: LeaseDirectory, _ main: Descriptor) -> LocalLease {
        LocalLease(
            id: spec.lease,
            endpoint: SandboxEndpoint(address: .unixSocket(path: directory.socket), token: spec.token), main: main,
            outer: children.withLock { $0[spec.lease] })
    }

    // MARK: - Starting

    private func start(
        _ spec: SandboxSpec, _ directory: LeaseDirectory, _ work: BlockingWork
    ) throws(SandboxError) -> LocalLease {
        let deadline = ContinuousClock.now + configuration.startTimeout
        let surroundings = try surroundings(work)
        if configuration.isolation == .bubblewrap, let problem = surroundings.isolationProblem { throw problem }
        if configuration.isolation == .bubblewrap, configuration.network(for: spec.agent) == .private,
            let problem = surroundings.networkProblem
        {
            throw problem
        }
        let preparation = SandboxPreparation(configuration: configuration, spec: spec, directory: directory)
        let record = try preparation.run(isolatorVersion: surroundings.bubblewrapVersion)
        let started = try SandboxStart(
            configuration: configuration, spec: spec, directory: directory, user: preparation.user,
            limiter: surroundings.limiter, deadline: deadline, work: work
        ).run(record)
        children.withLock { $0[spec.lease] = started.outer }
        return lease(spec, directory, started.main)
    }

    // MARK: - Records

    private func ownRecord(_ directory: LeaseDirectory) throws(SandboxError) -> LeaseRecord? {
        guard let record = LeaseRecord.read(directory.record) else {
            guard access(directory.record, F_OK) == 0 else { return nil }
            throw SandboxError(
                .failed, "the sandbox's record \(directory.record) cannot be read",
                hint: "A newer version may have written it; else end what runs there and remove the directory.")
        }
        guard record.instance == configuration.instance else {
            throw SandboxError(
                .failed, "the sandbox belongs to another instance of the daemon",
                hint: "Give each instance a sandbox directory of its own.")
        }
        return record
    }

    /// A directory without a record is half made or half removed, and ours: its owner was killed in between.
    private func entry(_ name: String) -> SandboxRecord? {
        let lease = LeaseID(name)
        guard let directory = try? LeaseDirectory(lease, base: configuration.base) else { return nil }
        var status = stat()
        guard lstat(directory.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        let record = LeaseRecord.read(directory.record)
        if let record, record.instance != configuration.instance { return nil }
        let changed = Date(timeIntervalSince1970: TimeInterval(status.st_mtim.tv_sec))
        return SandboxRecord(
            lease: lease, name: directory.path, createdAt: record?.createdAt ?? changed,
            isRunning: record?.main?.isRunning ?? false)
    }
}
