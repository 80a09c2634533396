package import AnycodeControl
import AnycodeCore
import AnycodeRuntime
import AnycodeStore

extension RuntimeBackend {
    package func resources() async throws -> ResourceList { try await survey().list }

    private func survey() async throws -> ResourceSurvey {
        var listed: [ProviderID: [SandboxRecord]] = [:]
        var problems: [String] = []
        // Listed before the rows are read: a sandbox listed here had its row before it existed.
        for provider in controls.providers {
            do {
                listed[provider.id] = try await provider.list()
            } catch {
                problems.append("Provider \(provider.id) cannot list what exists: \(error)")
            }
        }
        let (leases, sessions) = try await store.read { transaction in
            let leases = try transaction.openLeases()
            var sessions: [SessionID: SessionRow] = [:]
            for id in Set(leases.map(\.session)) { sessions[id] = try transaction.session(id) }
            return (leases, sessions)
        }
        return ResourceSurvey(
            leases: leases, sessions: sessions, listed: listed, configured: Set(controls.providers.map(\.id)),
            problems: problems, now: clock.date())
    }

    package func destroy(leasePrefix: String, by asker: Asker) async throws -> DoneAnswer {
        let survey = try await survey()
        let resource = try find(leasePrefix.lowercased(), in: survey.list)
        if let session = resource.session.flatMap({ survey.sessions[SessionID($0)] }), session.isLive {
            throw Refusal(
                .conflict, "It belongs to session \(session.id.short), which is live.",
                hint: "anycodectl cancel \(session.id.short)")
        }
        guard let provider = controls.providers.first(where: { $0.id.rawValue == resource.provider }) else {
            throw Refusal(.unavailable, resource.reason + ".", hint: resource.remedy)
        }
        let lease = LeaseID(resource.lease)
        try await record(asker, "destroy", resource.lease)
        do {
            try await provider.destroy(lease)
        } catch {
            throw Refusal(.failed, "It could not be removed: \(error.message)", hint: error.hint)
        }
        let date = clock.date()
        if survey.leases.contains(where: { $0.id == lease }) {
            try await store.write { try $0.setLeaseState(lease, "destroyed", at: date) }
        }
        return DoneAnswer(message: "\(resource.provider) sandbox \(lease.short) is gone.")
    }

    private func find(_ prefix: String, in list: ResourceList) throws -> ResourceList.Resource {
        let fitting = list.resources.filter { $0.lease.hasPrefix(prefix) }
        guard let first = fitting.first else {
            throw Refusal(.notFound, "No resource's lease begins with \(prefix).", hint: "see anycodectl orphans")
        }
        guard fitting.count == 1 else {
            throw Refusal(
                .ambiguous, "Several leases begin with \(prefix).", candidates: fitting.prefix(6).map(\.lease))
        }
        return first
    }

    package func drain(within limit: Duration, by asker: Asker) async throws -> DrainAnswer {
        guard controls.intake.state != .holding else {
            throw Refusal(
                .conflict, "The daemon is stopping already.", hint: "tasks that come now wait for its next start")
        }
        try await record(asker, "drain")
        controls.intake.become(.refusing)
        let before = try await store.read { try $0.liveSessionIDs() }
        let goingOn = Set(await controls.drain(limit))
        let left = try await sessions(all: false)
        let ended = Set(before).subtracting(left.map { SessionID($0.id) }).subtracting(goingOn).count
        return DrainAnswer(ended: ended, left: left, resources: try await resources())
    }

    package func undrain(by asker: Asker) async throws -> DoneAnswer {
        guard controls.intake.state == .refusing else {
            return DoneAnswer(message: "Tasks are taken; nothing was changed.")
        }
        try await record(asker, "undrain")
        controls.intake.become(.open)
        return DoneAnswer(message: "Tasks are taken again.")
    }

    package func pair(platform: String?, by asker: Asker) async throws -> PairAnswer {
        let platforms = controls.pairingPlatforms
        let names = platforms.map(\.rawValue)
        guard !platforms.isEmpty else {
            throw Refusal(.conflict, "No chat platform is paired.", hint: "set access = \"pairing\" for one")
        }
        guard let found = platform.map({ PlatformID($0) }) ?? (platforms.count == 1 ? platforms[0] : nil),
            platforms.contains(found)
        else {
            let code: Refusal.Code = platform == nil ? .ambiguous : .notFound
            throw Refusal(code, "Which platform?", hint: "one of: \(names.joined(separator: ", "))", candidates: names)
        }
        try await record(asker, "pair", found.rawValue)
        return PairAnswer(
            platform: found.rawValue, code: controls.pair(found), minutes: Int(Runtime.pairingTime / .seconds(60)))
    }
}
