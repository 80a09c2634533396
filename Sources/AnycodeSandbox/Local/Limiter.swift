import CSandboxSystem
import Glibc

/// Keeps a sandbox within its limits: a transient scope where systemd serves, what the kernel offers elsewhere.
struct Limiter: Sendable {
    /// `systemd-run` and which manager to ask; `nil` without systemd.
    struct Systemd: Hashable, Sendable {
        let program: String
        let forUser: Bool
    }

    let limits: LocalSandboxProvider.Limits
    let systemd: Systemd?

    /// The command in a scope of its own, which stopping the daemon's unit leaves alone.
    func wrap(_ command: [String], unit: String) -> [String] {
        var properties: [String] = []
        if let bytes = limits.memoryBytes { properties += ["MemoryMax=\(bytes)", "MemorySwapMax=0"] }
        if let tasks = limits.tasks { properties.append("TasksMax=\(tasks)") }
        if let processors = limits.processors { properties.append("CPUQuota=\(Int(processors * 100))%") }
        return scope("anycode-\(unit)", properties, command)
    }

    func wrapGuardian(_ command: [String], unit: String) -> [String] {
        scope("anycode-\(unit)-guardian", [], command)
    }

    private func scope(_ name: String, _ properties: [String], _ command: [String]) -> [String] {
        guard let systemd else { return command }
        return [systemd.program, systemd.forUser ? "--user" : "--system", "--scope", "--quiet", "--collect"]
            + ["--unit", name, "--slice", "anycode.slice"] + properties.flatMap { ["--property", $0] }
            + ["--"] + command
    }

    /// Of the isolating program, not of what runs inside.
    var environment: [String: String] {
        var environment = Command.plainEnvironment
        if systemd?.forUser == true {
            for name in ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"] {
                if let value = getenv(name) { environment[name] = String(cString: value) }
            }
        }
        return environment
    }

    /// What holds for everything that starts below `pid` from now on.
    func limit(pid: Int32, user: SandboxUser) {
        _ = anycode_forbid_core_dumps(pid)
        // The kernel counts processes per user, so this fits only a user that belongs to one sandbox.
        if user != .caller, let tasks = limits.tasks { _ = anycode_limit_processes(pid, tasks) }
        // When memory runs out, an agent goes before the daemon does.
        try? ProcFile.write("500", to: "/proc/\(pid)/oom_score_adj")
    }

    /// Which of the configured limits nobody keeps, in words.
    func limitsOff(user: SandboxUser) -> [String] {
        guard systemd == nil else { return [] }
        var off: [String] = []
        if let bytes = limits.memoryBytes { off.append("memory (\(bytes >> 20) MiB)") }
        if let tasks = limits.tasks, user == .caller { off.append("tasks (\(tasks))") }
        if let processors = limits.processors { off.append("processors (\(processors))") }
        return off
    }
}
