import AnycodeControl
import FakeTelegram
import Foundation
import HTTPTestSupport

/// Runs the real daemon with real sandboxes and kills it, again and again, while people go on talking to it; then
/// compares what agents said with what the chats show.
package actor Storm {
    private let plan: Plan
    private let ground: Ground
    private let print: @Sendable (String) -> Void
    private let telegram: FakeTelegram
    private let ledger: Ledger
    private let people: People
    private let began = ContinuousClock.now
    private var random: SeededRandom
    private var report = StormReport()
    private var daemon: DaemonRun?
    private var leases: Set<String> = []
    /// Problems that were printed.
    private var told: Set<String> = []

    package init(_ plan: Plan, _ ground: Ground, print: @escaping @Sendable (String) -> Void) throws {
        self.plan = plan
        self.ground = ground
        self.print = print
        random = SeededRandom(seed: plan.seed)
        let start = ContinuousClock.now
        telegram = try FakeTelegram(
            keepsRequests: false, now: { ContinuousClock.now - start }, date: { Int(Date().timeIntervalSince1970) })
        ledger = try Ledger(path: ground.ledger)
        people = People(telegram, lines: plan.lines, seed: plan.seed &+ 1)
        try ground.writeConfigurations(telegram: telegram.url, token: FakeTelegram.token)
    }

    /// Runs to the end; the report says what was found.
    package func run() async throws -> StormReport {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [people, plan] in
                while !Task.isCancelled {
                    people.look()
                    for _ in people.live..<max(people.live, plan.sessions) where !people.isClosing { people.begin() }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            do {
                while report.kills < plan.kills { try await life(Life(plan, &random)) }
                people.close()
                try await calmDown()
                await judge()
                await lookForOrphans()
            } catch {
                _ = await daemon?.kill()
                throw error
            }
            group.cancelAll()
        }
        telegram.stop()
        ledger.stop()
        return report
    }

    // MARK: Lives

    private func life(_ life: Life) async throws {
        if life.runnerBefore { killRunner(.runnerWhileDown) }
        let daemon = try DaemonRun(ground, onShutdown: life.onShutdown)
        self.daemon = daemon
        switch life.end {
        case .midStart(let after):
            try await Task.sleep(for: after)
            try await kill(daemon, .midStart)
        case .killed(let after):
            try await recovery(of: daemon)
            if let pause = life.runner {
                try await Task.sleep(for: min(pause, after))
                killRunner(.runner)
                try await Task.sleep(for: max(.zero, after - pause))
            } else {
                try await Task.sleep(for: after)
            }
            try await kill(daemon, .daemon)
        case .midShutdown(let after, let killAfter):
            try await recovery(of: daemon)
            try await Task.sleep(for: after)
            if life.onShutdown == .destroy { people.noteShutdown() }
            daemon.signal(SIGTERM)
            if let code = await daemon.end(within: killAfter) {
                if code != 0 { report.complaints.append("the daemon ended with \(code) when told to end") }
                report.endedBeforeKill += 1
            } else {
                try await kill(daemon, .midShutdown)
            }
        }
        self.daemon = nil
    }

    private func recovery(of daemon: DaemonRun) async throws {
        await daemon.waitForRecovery(within: .seconds(60))
        guard let time = daemon.recovery else {
            report.complaints.append("the daemon did not have its sessions in hand again within a minute")
            return
        }
        report.recoveries.append(time)
        leases.formUnion(ground.leases)
    }

    private func kill(_ daemon: DaemonRun, _ kind: KillKind) async throws {
        let endedBefore = daemon.hasEnded
        guard let code = await daemon.kill() else {
            throw DaemonRun.Failure(description: "the daemon cannot be killed")
        }
        if endedBefore { report.complaints.append("the daemon ended by itself with \(code)") }
        count(kind)
    }

    private func count(_ kind: KillKind) {
        report.byKind[kind, default: 0] += 1
        if report.kills.isMultiple(of: 50) { progress() }
    }

    /// Stops a runner, reads what it has in its log, and kills it or the first process of its sandbox.
    private func killRunner(_ kind: KillKind) {
        for lease in ground.leases.shuffled(using: &random) {
            guard let box = Box("\(ground.sandboxes)/\(lease)") else { continue }
            Glibc.kill(box.runner, SIGSTOP)
            guard let log = box.log else {
                Glibc.kill(box.runner, SIGCONT)
                continue
            }
            ledger.keep(log.lines, of: log.job)
            people.note(log.job) { $0.hasLostRunner = true }
            Glibc.kill(Bool.random(using: &random) ? box.runner : box.main, SIGKILL)
            return count(kind)
        }
    }

    // MARK: The end

    /// The last daemon lives on until every job has ended and no chat changes any more.
    private func calmDown() async throws {
        print("The storm is over; \(people.live) jobs go on to their end.")
        let daemon = try DaemonRun(ground, onShutdown: .detach)
        self.daemon = daemon
        try await recovery(of: daemon)
        let end = ContinuousClock.now + plan.patience
        while people.live > 0, .now < end { try await Task.sleep(for: .milliseconds(250)) }
        // What waits for the rate limit is still on its way.
        var rest = 30
        while .now < end, rest > 0, !verdict().isGood {
            rest -= people.live > 0 ? 0 : 1
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func verdict() -> Verdict {
        var all = Verdict()
        for (job, deeds, _) in people.jobs { all.add(verdict(job, deeds)) }
        return all
    }

    private func verdict(_ job: Job, _ deeds: Deeds) -> Verdict {
        Verdict(job, ledger[job.number], people.reading(job), deeds: deeds) { path in
            try? String(contentsOfFile: path, encoding: .utf8)
        }
    }

    private func judge() async {
        report.verdict = verdict()
        report.jobs = people.jobs.count
        report.ends = Dictionary(grouping: people.jobs.compactMap { people.reading($0.job).end }) { $0 }
            .mapValues(\.count)
        report.violations = Dictionary(
            grouping: telegram.violations.map { String($0.prefix { !$0.isNumber && $0 != "-" }) }
        ) { $0 }.mapValues(\.count)
        report.elapsed = .now - began
        for (job, deeds, _) in people.jobs where !verdict(job, deeds).isGood { keep(job) }
    }

    /// What the chat of a job shows, beside what its agent said, for whoever looks into it.
    private func keep(_ job: Job) {
        let testimony = ledger[job.number]
        var text = "\(job)\n\(testimony)\n\n"
        for message in telegram.messages(in: job.chat) {
            text += "#\(message.id) \(message.text)\n  \(message.buttons.joined().map { $0[0] })\n"
        }
        try? text.write(toFile: "\(ground.path)/job-\(job.number).txt", atomically: true, encoding: .utf8)
    }

    private func lookForOrphans() async {
        guard let daemon else { return }
        do {
            let found = try ControlClient(socketPath: ground.socket).resources().resources
            report.orphans += found.map { "lease \($0.lease): \($0.state), \($0.reason)" }
        } catch {
            report.complaints.append("the daemon does not tell its resources: \(error)")
        }
        daemon.signal(SIGTERM)
        switch await daemon.end(within: .seconds(60)) {
        case 0?: break
        case let code?: report.complaints.append("the daemon ended with \(code)")
        case nil:
            report.complaints.append("the daemon did not end when told to")
            _ = await daemon.kill()
        }
        self.daemon = nil
        report.orphans += ground.leases.map { "directory \($0)" }
        report.orphans += ground.processes.map { "process \($0.pid): \($0.command.prefix(120))" }
        report.orphans += ground.groups(of: leases).map { "control group \($0)" }
    }

    private func progress() {
        var settled = Verdict()
        for (job, deeds, endedAt) in people.jobs {
            // The chat of a job that has just ended may be behind.
            guard let endedAt, .now - endedAt > .seconds(60) else { continue }
            settled.add(verdict(job, deeds))
        }
        report.elapsed = .now - began
        print(report.progress(of: plan, settled: settled, live: people.live, ended: people.ended))
        for problem in settled.problems where told.insert(problem).inserted {
            print("  ! \(problem)")
            if let number = problem.split(separator: " ").dropFirst().first.flatMap({ Int($0.dropLast()) }),
                let job = people.jobs.first(where: { $0.job.number == number })?.job
            {
                keep(job)
            }
        }
    }
}
