import AnycodeCore
import AnycodeStore
import Foundation
import Testing

@Suite struct PeopleTests {
    private func person(_ id: String, _ role: PersonRow.Role, at seconds: Double = 0) -> PersonRow {
        PersonRow(
            platform: "sim".id(), person: Person(id: id.id(), name: id), role: role,
            conversation: Conversation(chat: ChatID(platform: "sim".id(), value: "dm-\(id)")),
            since: Sample.instant.addingTimeInterval(seconds))
    }

    @Test func aRoleIsReplacedAndTheConversationKept() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.putPerson(person("eve", .stranger))
                var row = person("eve", .member)
                row.conversation = nil
                row.admittedBy = "ana".id()
                try transaction.putPerson(row)
                let found = try transaction.person("eve".id(), on: "sim".id())
                #expect(found?.role == .member)
                #expect(found?.conversation?.chat.value == "dm-eve")
                #expect(found?.admittedBy == "ana".id())
                #expect(try transaction.person("eve".id(), on: "other".id()) == nil)
            }
        }
    }

    @Test func strangersAreNotAmongTheAdmittedAndTheirNumberIsBounded() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.putPerson(person("ana", .owner))
                for number in 0..<5 { try transaction.putPerson(person("s\(number)", .stranger, at: Double(number))) }
                #expect(try transaction.admittedPeople().map(\.person.id) == ["ana".id()])
                try transaction.pruneStrangers(on: "sim".id(), keeping: 2)
                #expect(try transaction.person("s2".id(), on: "sim".id()) == nil)
                #expect(try transaction.person("s3".id(), on: "sim".id()) != nil)
                #expect(try transaction.person("ana".id(), on: "sim".id()) != nil)
                try transaction.deletePerson("ana".id(), on: "sim".id())
                #expect(try transaction.admittedPeople().isEmpty)
            }
        }
    }
}
