import AnycodeCore
import AnycodeRuntime
import AnycodeStore

/// Rule 10 on what the repositories say to the agents.
extension Simulation {
    /// An agent obeys its repository only where just these settings were allowed in its chat, and then it does.
    func checkTrust(_ finals: [Final]) {
        for final in finals where !final.isSetAside {
            guard let sandbox = host.anyEver(final.stored.header.lease), let settings = sandbox.read(\.settings) else {
                continue
            }
            let (obeyed, started) = sandbox.read { ($0.hasObeyed, !$0.prompts.isEmpty) }
            world.count(obeyed ? "trust: settings obeyed" : "trust: settings not used")
            let allowing = finals.filter { other in
                other.row.conversation.chat == final.row.conversation.chat && allowed(settings, in: other)
            }
            world.check(!obeyed || !allowing.isEmpty, "\(final.name) obeys \(settings.id), which nobody allowed")
            world.check(
                obeyed || !started || !allowed(settings, in: final),
                "\(final.name) does not obey \(settings.id), which were allowed")
            if allowed(settings, in: final) { world.count("trust: settings allowed") }
        }
    }

    /// Whether somebody who may has allowed these settings there.
    private func allowed(_ settings: RepositorySettings, in final: Final) -> Bool {
        let asks = final.entries.compactMap { entry -> InteractionID? in
            if case .asked(let ask) = entry, ask.kind == .settings(settings) { ask.id } else { nil }
        }
        let people = everybodyControls ? [people.ana, people.bob] : [final.row.starter]
        return final.entries.contains { entry in
            guard case .resolved(let id, let resolution) = entry, asks.contains(id), let person = resolution.by else {
                return false
            }
            return resolution.choice.hasPrefix("Allowed") && people.contains { $0.id == person.id }
        }
    }
}
