import AnycodeCore

/// What breaks, and when the daemon is killed.
extension Simulation {
    func planFaults() {
        planCrashes()
        happens(1, in: 4) { [host, world] in host.sandboxes.randomly(world)?.kill() }
        happens(1, in: 12) { [host, world] in host.sandboxes.randomly(world)?.loseLog() }
        happens(1, in: 12) { [chat, world] in
            world.count("chat: offline for an hour")
            chat.goOffline(for: .seconds(3600))
        }
        happens(1, in: 8) { [world] in
            world.count("clock: set")
            world.setClock(by: world.chance(1, in: 2) ? 86_400 : -86_400)
        }
        happens(1, in: 6) { [chat, world] in
            guard let message = chat.messages.randomly(world) else { return }
            world.count("chat: messages deleted")
            chat.delete(message.id)
        }
        // Two failures are far enough apart that no supervisor gives up.
        happens(1, in: 3) { [world] in world.failWrite(after: world.number(below: 4)) }
        if world.chance(1, in: 6) { world.schedule(after: .seconds(148)) { [world] in world.failWrite() } }
        world.schedule(after: .seconds(150)) { [world] in world.stopFaults() }
    }

    private func planCrashes() {
        let crashes = world.number(below: options.crashes + 1)
        for _ in 0..<crashes {
            switch world.number(below: 5) {
            case 0: crashTimes.append(world.milliseconds(100...120_000))
            case 1 where !actTimes.isEmpty:  // while what somebody wrote is taken in
                crashTimes.append(actTimes[world.number(below: actTimes.count)] + world.milliseconds(0...60))
            case 2: crashJobs.append(1 + world.number(below: 200))  // in the middle of a start
            default: crashJobs.append(20 + world.number(below: 2500))
            }
        }
        crashTimes.sort()
    }

    private func happens(_ part: UInt64, in whole: UInt64, _ fault: @escaping @Sendable () -> Void) {
        if world.chance(part, in: whole) { world.schedule(after: world.milliseconds(2_000...90_000), fault) }
    }
}
