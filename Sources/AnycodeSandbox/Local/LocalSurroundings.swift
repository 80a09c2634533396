package import AnycodeCore
import Glibc
import Synchronization

/// What this machine offers to local sandboxes.
package struct LocalSurroundings: Hashable, Sendable {
    /// `nil` when the program is missing.
    package let bubblewrapVersion: String?
    /// Why bubblewrap cannot be used; `nil` when it can, or is not asked for.
    package let isolationProblem: SandboxError?
    /// Why a private network cannot be had; `nil` when it can, or is not asked for.
    package let networkProblem: SandboxError?
    /// Whether sandboxes become scopes of systemd, which outlive the daemon's unit and have limits.
    package let usesSystemd: Bool
    /// The configured limits that nobody keeps here, in words.
    package let limitsOff: [String]
    /// Free bytes where sandboxes are kept.
    package let freeSpace: UInt64?
    let systemd: Limiter.Systemd?
    let limits: LocalSandboxProvider.Limits

    var limiter: Limiter { Limiter(limits: limits, systemd: systemd) }
}

extension LocalSandboxProvider {
    /// Looks anew at what the machine offers, by trying it.
    package func surroundings() async throws(SandboxError) -> LocalSurroundings {
        try await BlockingWork.run { work throws(SandboxError) in
            self.surroundingsCache.withLock { $0 = nil }
            return try self.surroundings(work)
        }
    }

    /// Looks once; again as long as something is wrong.
    func surroundings(_ work: BlockingWork) throws(SandboxError) -> LocalSurroundings {
        if let known = surroundingsCache.withLock({ $0 }) { return known }
        let fresh = try SurroundingsProbe(configuration: configuration, work: work).run()
        if fresh.isolationProblem == nil, fresh.networkProblem == nil { surroundingsCache.withLock { $0 = fresh } }
        return fresh
    }
}

/// Tries what sandboxes need.
struct SurroundingsProbe: Sendable {
    let configuration: LocalSandboxProvider.Configuration
    let work: BlockingWork

    func run() throws(SandboxError) -> LocalSurroundings {
        let systemd = try systemd()
        let isolation = configuration.isolation
        let user: SandboxUser = isolation == .bubblewrap && geteuid() == 0 ? .own(0) : .caller
        let asksForNetwork =
            isolation == .bubblewrap
            && (configuration.network == .private || configuration.agentNetworks.values.contains(.private))
        var status = statvfs()
        let known = statvfs(configuration.base, &status) == 0 || statvfs("/", &status) == 0
        return LocalSurroundings(
            bubblewrapVersion: try version(),
            isolationProblem: isolation == .bubblewrap ? try isolationProblem() : nil,
            networkProblem: asksForNetwork ? networkProblem() : nil, usesSystemd: systemd != nil,
            limitsOff: Limiter(limits: configuration.limits, systemd: systemd).limitsOff(user: user),
            freeSpace: known ? UInt64(status.f_bavail) * UInt64(status.f_frsize) : nil, systemd: systemd,
            limits: configuration.limits)
    }

    private func version() throws(SandboxError) -> String? {
        guard let program = ProgramLookup.find(configuration.programs.bubblewrap) else { return nil }
        let result = try Command([program, "--version"]).run(until: .now + .seconds(5), work)
        return result.exitCode == 0 ? result.output.split(whereSeparator: \.isWhitespace).last.map(String.init) : nil
    }

    private func isolationProblem() throws(SandboxError) -> SandboxError? {
        let program: String
        do throws(SandboxError) {
            program = try ProgramLookup.require(
                configuration.programs.bubblewrap, package: "bubblewrap", alternative: "set isolation = \"none\"")
        } catch {
            return error
        }
        let result = try Command([
            program, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--ro-bind",
            "/", "/", "--proc", "/proc", "--dev", "/dev", "--", "/bin/sh", "-c", "exit 0",
        ]).run(until: .now + .seconds(10), work)
        return result.exitCode == 0 ? nil : IsolationFailure.error(saying: result.lastLine)
    }

    private func networkProblem() -> SandboxError? {
        do throws(SandboxError) {
            _ = try PrivateNetwork(configuration.programs)
        } catch {
            return error
        }
        guard access("/dev/net/tun", R_OK | W_OK) == 0 else {
            return NetworkAttachment.failure(saying: "/dev/net/tun cannot be opened")
        }
        return nil
    }

    private func systemd() throws(SandboxError) -> Limiter.Systemd? {
        guard let program = ProgramLookup.find(configuration.programs.systemdRun),
            configuration.programs.systemdRun.hasPrefix("/") || access("/run/systemd/system", F_OK) == 0
        else { return nil }
        let systemd = Limiter.Systemd(program: program, forUser: geteuid() != 0)
        let limiter = Limiter(limits: configuration.limits, systemd: systemd)
        let name = "probe-\(getpid())-\(UInt32.random(in: .min ... .max))"
        let probe = Command(limiter.wrap(["/bin/sh", "-c", "exit 0"], unit: name), environment: limiter.environment)
        return try probe.run(until: .now + .seconds(5), work).exitCode == 0 ? systemd : nil
    }
}
