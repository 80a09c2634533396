import AnycodeCore
import CSandboxSystem
import Glibc

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One start of a sandbox, from its directory to a runner that answers.
struct SandboxStart: Sendable {
    let configuration: LocalSandboxProvider.Configuration
    let spec: SandboxSpec
    let directory: LeaseDirectory
    let user: SandboxUser
    let limiter: Limiter
    let deadline: ContinuousClock.Instant
    let work: BlockingWork

    struct Started: Sendable {
        let record: LeaseRecord
        let main: Descriptor
        /// Our child: the isolating program outside, or the runner itself without isolation.
        let outer: ChildProcess
    }

    /// What the daemon holds of a process that waits for its release.
    private struct Held: Sendable {
        let outer: ChildProcess
        let token: Descriptor
        let log: Descriptor
        let info: Descriptor
        let block: Descriptor
        let map: Descriptor
    }

    /// The record must be on disk before.
    func run(_ record: LeaseRecord) throws(SandboxError) -> Started {
        let command = try plan(record.network)
        let held: Held
        do throws(SystemError) {
            held = try spawn(command)
        } catch {
            throw SandboxError(error, doing: "starting the sandbox")
        }
        do throws(SandboxError) {
            return try bringUp(held, record)
        } catch {
            let below = ProcessTree.descendants(of: held.outer.pid).compactMap { try? Descriptor.process($0) }
            held.outer.signal(SIGKILL)
            for process in below { _ = anycode_pidfd_send_signal(process.raw, SIGKILL) }
            throw error
        }
    }

    private var isIsolated: Bool { configuration.isolation == .bubblewrap }

    private func bringUp(_ held: Held, _ record: LeaseRecord) throws(SandboxError) -> Started {
        let pid = isIsolated ? try innerPID(held) : held.outer.pid
        guard let identity = ProcessIdentity(of: pid), let main = identity.open() else {
            throw SandboxError(.failed, "the sandbox ended while starting: \(drain(held.log))")
        }
        do throws(SandboxError) {
            if isIsolated, let map = bubblewrap(record.network, program: "", setpriv: "").identityMap {
                try writeMap(map, of: pid)
                release(held.map)
            }
            limiter.limit(pid: pid, user: user)
            var record = record
            record.main = identity
            record.guardian = try guardian(held, pid: pid, network: record.network)
            try record.write(in: directory.path, name: directory.recordName)
            try deliver(held)
            let readiness = RunnerReadiness(directory: directory, token: spec.token, main: main, owner: user.owner)
            try expectReady(readiness.wait(until: deadline, work), held)
            return Started(record: record, main: main, outer: held.outer)
        } catch {
            _ = anycode_pidfd_send_signal(main.raw, SIGKILL)
            throw error
        }
    }

    private func plan(_ network: LocalSandboxProvider.Network) throws(SandboxError) -> [String] {
        let runner = try RunnerProgram(configuration.runner)
        guard isIsolated else {
            return limiter.wrap(
                runner.command(
                    socket: directory.innerSocket, state: directory.state, workspace: directory.workspace,
                    program: runner.path), unit: spec.lease.rawValue)
        }
        let program = try ProgramLookup.require(
            configuration.programs.bubblewrap, package: "bubblewrap", alternative: "set isolation = \"none\"")
        let setpriv =
            user == .caller
            ? ""
            : try ProgramLookup.require(
                configuration.programs.setpriv, package: "util-linux")
        var bubblewrap = bubblewrap(network, program: program, setpriv: setpriv)
        bubblewrap.programs = runner.directory
        return limiter.wrap(
            bubblewrap.arguments(
                running: runner.command(
                    socket: "\(SandboxLayout.socketDirectory)/\(LeaseDirectory.socketName)",
                    state: SandboxLayout.state, workspace: SandboxLayout.workspace,
                    program: "\(SandboxLayout.programs)/\(runner.name)")),
            unit: spec.lease.rawValue)
    }

    private func bubblewrap(
        _ network: LocalSandboxProvider.Network, program: String, setpriv: String
    ) -> Bubblewrap {
        Bubblewrap(
            program: program, setpriv: setpriv, directory: directory, user: user, network: network, programs: "",
            readOnlyPaths: configuration.readOnlyPaths, localRepository: spec.localRepository)
    }

    /// The child's ends of all pipes are its alone when this returns.
    private func spawn(_ command: [String]) throws(SystemError) -> Held {
        let token = try Descriptor.pipe()
        let log = try Descriptor.pipe()
        let info = try Descriptor.pipe()
        let block = try Descriptor.pipe()
        let map = try Descriptor.pipe()
        var descriptors: [Descriptor?] = [token.read, nil, log.write]
        if isIsolated { descriptors += [info.write, block.read, map.read] }
        let outer = try ChildProcess(
            command, descriptors: descriptors,
            environment: isIsolated ? limiter.environment : plainEnvironment.merging(limiter.environment) { $1 })
        return Held(
            outer: outer, token: token.write, log: log.read, info: info.read, block: block.write, map: map.write)
    }

    /// Without isolation.
    private var plainEnvironment: [String: String] {
        var environment = [String: String]()
        for (name, value) in SandboxLayout.environment { environment[name] = value }
        let programs = (try? RunnerProgram(configuration.runner))?.directory ?? ""
        environment["HOME"] = directory.home
        environment["USER"] = user == .caller ? userName() : "root"
        environment["PATH"] =
            ([programs, "\(directory.home)/.local/bin"] + ProgramLookup.directories).joined(separator: ":")
        return environment
    }

    private func userName() -> String {
        getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "agent"
    }

    private func innerPID(_ held: Held) throws(SandboxError) -> Int32 {
        struct Info: Decodable {
            let childPID: Int32

            enum CodingKeys: String, CodingKey {
                case childPID = "child-pid"
            }
        }
        // Not to be cancelled: without the number, what is inside could not be ended.
        let patience = try BlockingWork.uninterrupted()
        var bytes: [UInt8] = []
        while try patience.wait(for: held.info, until: .now + .seconds(10)) {
            guard let part = try? held.info.read(), !part.isEmpty else { break }
            bytes += part
        }
        if let info = try? JSONDecoder().decode(Info.self, from: Data(bytes)) { return info.childPID }
        throw IsolationFailure.error(saying: drain(held.log))
    }

    private func writeMap(_ map: String, of pid: Int32) throws(SandboxError) {
        do throws(SystemError) {
            try ProcFile.write(map, to: "/proc/\(pid)/uid_map")
            try ProcFile.write(map, to: "/proc/\(pid)/gid_map")
        } catch {
            throw SandboxError(error, doing: "giving the sandbox its own user")
        }
    }

    private func release(_ held: Descriptor) {
        try? held.write([1])
    }

    private func deliver(_ held: Held) throws(SandboxError) {
        do throws(SystemError) {
            try held.token.write(Array("\(spec.token.reveal())\n".utf8))
        } catch {
            throw SandboxError(error, doing: "handing the runner its token")
        }
        if isIsolated { release(held.block) }
    }

    private func guardian(
        _ held: Held, pid: Int32, network: LocalSandboxProvider.Network
    ) throws(SandboxError) -> ProcessIdentity? {
        guard isIsolated, network == .private else {
            return try startGuardian(held, network: nil).identity
        }
        let attachment = try NetworkAttachment(pid: pid, programs: configuration.programs)
        let started = try startGuardian(held, network: attachment)
        // The first line says that pasta serves; the end of the pipe, that it failed.
        var report: [UInt8] = []
        while !report.contains(0x0A), try work.wait(for: started.report, until: deadline) {
            guard let part = try? started.report.read(), !part.isEmpty else { break }
            report += part
        }
        guard Int32(String(decoding: report, as: UTF8.self).prefix { $0.isNumber }) != nil else {
            throw NetworkAttachment.failure(saying: Guardian.tail(of: directory) ?? "no reason given")
        }
        try attachment.tools.close(
            owner: attachment.owner, network: attachment.network, deadline: deadline, work)
        return started.identity
    }

    private func startGuardian(
        _ held: Held, network: NetworkAttachment?
    ) throws(SandboxError) -> (identity: ProcessIdentity?, report: Descriptor) {
        do throws(SystemError) {
            let report = try Descriptor.pipe()
            let child = try ChildProcess(
                limiter.wrapGuardian(
                    Guardian.command(log: directory.log, network: network?.tools.helper ?? []),
                    unit: spec.lease.rawValue),
                descriptors: [held.log, report.write] + (network.map { [nil, $0.owner, $0.network] } ?? []),
                environment: limiter.environment)
            return (ProcessIdentity(of: child.pid), report.read)
        } catch {
            throw SandboxError(error, doing: "starting the sandbox's guardian")
        }
    }

    private func expectReady(_ outcome: RunnerReadiness.Outcome, _ held: Held) throws(SandboxError) {
        let said = { Guardian.tail(of: directory).map { ": \($0)" } ?? "" }
        switch outcome {
        case .ready: return
        case .died:
            _ = try held.outer.exit(until: .now + .seconds(1), work)
            let code = held.outer.knownExitCode.map { " (exit code \($0))" } ?? ""
            throw SandboxError(.failed, "the runner ended while starting\(code)\(said())")
        case .unauthorized: throw SandboxError(.failed, "the runner refuses its token")
        case .late(let why):
            throw SandboxError(.failed, "the runner did not answer in time: \(why)\(said())")
        }
    }

    /// What was said on the log pipe so far, while no guardian reads it.
    private func drain(_ pipe: Descriptor) -> String {
        var bytes: [UInt8] = []
        while bytes.count < 16384, let ready = try? work.wait(for: pipe, until: .now + .milliseconds(200)), ready,
            let part = try? pipe.read(), !part.isEmpty
        {
            bytes += part
        }
        let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: "; ")
        return text.isEmpty ? "no reason given" : String(text.suffix(400))
    }
}
