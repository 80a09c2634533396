import AnycodeControl
import AnycodeCore
import AnycodeStore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Compares what the store says was made with what providers say exists.
struct ResourceSurvey: Sendable {
    /// Makes the reaper go round at once.
    static let reaperCommand = "anycodectl restart upkeep/reaper"

    /// Leases that are not known to be gone.
    var leases: [LeaseRow]
    /// The sessions of these leases.
    var sessions: [SessionID: SessionRow]
    /// What each provider lists; those that could not be asked are not in it.
    var listed: [ProviderID: [SandboxRecord]]
    /// Providers that this daemon has.
    var configured: Set<ProviderID>
    var problems: [String] = []
    var now: Date

    var list: ResourceList {
        let known = leases.map(resource)
        let ids = Set(leases.map(\.id))
        let strangers = listed.sorted { $0.key < $1.key }.flatMap { provider, records in
            records.filter { !ids.contains($0.lease) }.map { stranger($0, provider) }
        }
        return ResourceList(resources: (known + strangers).sorted { $0.age > $1.age }, problems: problems)
    }

    private func resource(_ row: LeaseRow) -> ResourceList.Resource {
        let session = sessions[row.session]
        let record = listed[row.provider]?.first { $0.lease == row.id }
        let fate = Fate(row, session, record, wasListed: listed[row.provider] != nil, configured.contains(row.provider))
        return ResourceList.Resource(
            lease: row.id.rawValue, provider: row.provider.rawValue, name: record?.name, state: row.state,
            isRunning: record?.isRunning ?? false,
            owner: session.map { "session \($0.id.short) of \($0.starter.name)" }, session: row.session.rawValue,
            age: now.timeIntervalSince(row.createdAt), isOrphan: fate.isOrphan, reason: fate.reason,
            remedy: fate.remedy)
    }

    private func stranger(_ record: SandboxRecord, _ provider: ProviderID) -> ResourceList.Resource {
        ResourceList.Resource(
            lease: record.lease.rawValue, provider: provider.rawValue, name: record.name, state: "unknown",
            isRunning: record.isRunning, age: now.timeIntervalSince(record.createdAt), isOrphan: true,
            reason: "it carries this daemon's label and no record knows it; the reaper removes it",
            remedy: Self.reaperCommand)
    }
}

/// Why a resource lives, and what ends it.
private struct Fate {
    var isOrphan = false
    var reason: String
    var remedy: String

    init(
        _ row: LeaseRow, _ session: SessionRow?, _ record: SandboxRecord?, wasListed: Bool, _ isConfigured: Bool
    ) {
        let isSetAside = session?.state == "quarantined"
        switch session {
        case let session? where session.isLive:
            reason = Self.reason(ofLive: session, row, record, wasListed: wasListed)
            remedy = "anycodectl cancel \(session.id.short)"
        case _ where !isConfigured:
            isOrphan = true
            reason = "provider \(row.provider) is not configured any more, so nobody can look or remove it"
            remedy = "configure \(row.provider) again"
        case _? where isSetAside:
            reason = "its session was set aside and keeps it for the operator"
            remedy = "anycodectl destroy \(row.id.short)"
        default:
            isOrphan = true
            let trouble = row.lastError.map { ": \($0)" } ?? ""
            reason = "its session is over and its removal is not confirmed\(trouble); the reaper tries again"
            remedy = ResourceSurvey.reaperCommand
        }
    }

    private static func reason(
        ofLive session: SessionRow, _ row: LeaseRow, _ record: SandboxRecord?, wasListed: Bool
    ) -> String {
        switch row.state {
        case "intended": "its session is being started"
        case "destroying": "it is being removed"
        case _ where wasListed && record == nil: "its session is \(session.state); the provider has it no more"
        default: "its session is \(session.state)"
        }
    }
}
