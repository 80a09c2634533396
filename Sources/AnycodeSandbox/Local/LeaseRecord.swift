import AnycodeCore
import Glibc

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `lease.json`: what must be known of a sandbox to find it again. No secrets.
struct LeaseRecord: Codable, Hashable, Sendable {
    /// Of this file. A reader refuses a newer one.
    static let currentFormat = 1

    var format = Self.currentFormat
    let lease: LeaseID
    let instance: InstanceID
    let session: SessionID
    let agent: AgentName
    let createdAt: Date
    var isolation: LocalSandboxProvider.Isolation
    var network: LocalSandboxProvider.Network
    /// Of the program that isolates.
    var isolatorVersion: String?
    /// The inner PID 1, or the runner itself without isolation; `nil` while none was started.
    var main: ProcessIdentity?
    /// Keeps the log and the network; ends by itself after `main`.
    var guardian: ProcessIdentity?

    static func read(_ path: String) -> LeaseRecord? {
        guard let text = ProcFile.text(path),
            let record = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)),
            record.format <= currentFormat
        else { return nil }
        return record
    }

    /// Replaces the file so that a crash leaves the old or the new one, whole and on disk.
    func write(in directory: String, name: String) throws(SandboxError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        guard let data = try? encoder.encode(self) else {
            throw SandboxError(.failed, "the sandbox's record cannot be written")
        }
        do throws(SystemError) {
            let temporary = "\(directory)/.\(name).new"
            let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
            try file.write([UInt8](data))
            guard fsync(file.raw) == 0 else { throw SystemError("fsync") }
            guard rename(temporary, "\(directory)/\(name)") == 0 else { throw SystemError("rename") }
            let folder = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
            guard fsync(folder.raw) == 0 else { throw SystemError("fsync") }
        } catch {
            throw SandboxError(error, doing: "recording the sandbox")
        }
    }
}
