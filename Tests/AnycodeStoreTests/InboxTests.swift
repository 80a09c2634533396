import AnycodeCore
import AnycodeStore
import Testing

@Suite struct InboxTests {
    let platform: PlatformID = "console".id()

    @Test(arguments: StoreKind.allCases)
    func keepsEventsInOrderUntilHandled(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            try await store.write { [platform] transaction in
                for key in ["1", "2", "3"] {
                    let isNew = try transaction.insertInbound(
                        Sample.event(key: key), platform: platform, receivedAt: Sample.instant)
                    #expect(isNew)
                }
            }
            let waiting = try await store.read { try $0.pendingInbound(limit: 2) }
            #expect(waiting.map(\.event) == [Sample.event(key: "1"), Sample.event(key: "2")])
            #expect(waiting.map(\.receivedAt) == [Sample.instant, Sample.instant])
            #expect(waiting.map(\.platform) == [platform, platform])
            try await store.write { transaction in
                for event in waiting { try transaction.finishInbound(event.sequence) }
            }
            let rest = try await store.read { try $0.pendingInbound(limit: 10) }
            #expect(rest.map(\.event.key) == ["3"])
        }
    }

    @Test func recognisesRepeatsEvenOfHandledEvents() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { [platform] transaction in
                let event = Sample.event(key: "1")
                #expect(try transaction.insertInbound(event, platform: platform, receivedAt: Sample.instant))
                #expect(try !transaction.insertInbound(event, platform: platform, receivedAt: Sample.later))
                let sequence = try #require(try transaction.pendingInbound(limit: 1).first).sequence
                try transaction.finishInbound(sequence)
                #expect(try !transaction.insertInbound(event, platform: platform, receivedAt: Sample.later))
                #expect(try transaction.insertInbound(event, platform: "other".id(), receivedAt: Sample.later))
                #expect(try transaction.pendingInbound(limit: 9).map(\.platform) == ["other".id()])
            }
        }
    }

    @Test func prunesHandledEventsOnly() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { [platform] transaction in
                for key in ["handled", "waiting"] {
                    _ = try transaction.insertInbound(
                        Sample.event(key: key), platform: platform, receivedAt: Sample.instant)
                }
                try transaction.finishInbound(try transaction.pendingInbound(limit: 1)[0].sequence)
                try transaction.pruneInbound(before: Sample.later)
                #expect(try transaction.pendingInbound(limit: 9).map(\.event.key) == ["waiting"])
                let isNew = try transaction.insertInbound(
                    Sample.event(key: "handled"), platform: platform, receivedAt: Sample.later)
                #expect(isNew)
            }
        }
    }

    @Test func remembersEachPlatformsOffset() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { [platform] transaction in
                #expect(try transaction.platformOffset(platform) == nil)
                try transaction.setPlatformOffset(platform, "17")
                try transaction.setPlatformOffset(platform, "18")
                try transaction.setPlatformOffset("other".id(), "3")
                #expect(try transaction.platformOffset(platform) == "18")
            }
        }
    }
}
