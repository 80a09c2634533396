import AnycodeCore
import AnycodeStore
import Foundation
import Testing

@testable import AnycodeRuntime

struct RouterAccessTests {
    private static let sim = PlatformID("sim")
    private let anaAlone = ChatID(platform: sim, value: "private-ana")
    private let eveAlone = ChatID(platform: sim, value: "private-eve")

    private func bench(
        _ rule: AccessRule?, _ change: (inout RuntimeConfiguration) -> Void = { _ in }
    ) throws -> RuntimeBench {
        let bench = try RuntimeBench {
            $0.access[Self.sim] = rule
            change(&$0)
        }
        try bench.start()
        return bench
    }

    private func code(_ bench: RuntimeBench) throws -> String {
        let words = try #require(bench.announcements.all.last { $0.contains("/pair ") })
        return try #require(words.split(separator: " ").last.map(String.init))
    }

    /// A bench on which Ana is an owner.
    private func paired() throws -> RuntimeBench {
        let bench = try bench(AccessRule(mode: .pairing))
        bench.write("/pair \(try code(bench))", in: anaAlone)
        return bench
    }

    // MARK: Strangers

    @Test func strangersGetSilenceInGroupsAndOneRefusalInPrivate() throws {
        let bench = try bench(AccessRule(people: [Sample.ana.id]))
        bench.write("/task {say}", by: bench.eve)
        bench.write("/start", by: bench.eve)
        #expect(bench.texts().isEmpty)
        bench.write("/task {say}", by: bench.eve, in: eveAlone)
        bench.write("please", by: bench.eve, in: eveAlone)
        #expect(bench.texts(eveAlone).count == 1)
        #expect(bench.texts(eveAlone)[0].contains("Your id is `eve`"))
        try bench.restart()
        bench.write("hello?", by: bench.eve, in: eveAlone)
        #expect(bench.texts(eveAlone).count == 1)
        #expect(try bench.sessions().isEmpty)
        #expect(try bench.read { try $0.pendingInbound(limit: 10) }.isEmpty)
    }

    @Test func foreignClicksGetAPoliteAnswerAndChangeNothing() throws {
        let bench = try bench(AccessRule(people: [Sample.ana.id]))
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        bench.click(try #require(bench.button("Allow once")), by: bench.eve)
        #expect(bench.chat.notes == ["You may not use this bot."])
        bench.write("/cancel", by: bench.eve)
        #expect(try bench.sessions()[0].isLive)
        #expect(bench.button("Allow once") != nil)
    }

    @Test func whatIsOpenIsSaidLoudly() throws {
        let bench = try bench(AccessRule(mode: .open))
        #expect(bench.announcements.all.contains { $0.contains("WARNING: sim is open") })
        bench.write("/task {say}", by: bench.eve)
        #expect(try bench.sessions().count == 1)
    }

    // MARK: Pairing

    @Test func theCodeFromTheConsoleMakesTheFirstOwner() throws {
        let bench = try bench(AccessRule(mode: .pairing))
        bench.write("/task {say}", in: anaAlone)
        #expect(bench.texts(anaAlone).last?.contains("This bot has no owner yet") == true)
        let code = try code(bench)
        bench.write("/pair \(code)")  // in a group nobody answers
        #expect(bench.texts().isEmpty)
        bench.write("/pair 0000-0001", in: anaAlone)
        #expect(bench.texts(anaAlone).last == "That is not the code.")
        bench.write("/start \(code.lowercased())", in: anaAlone)
        #expect(bench.texts(anaAlone).last?.contains("You are an owner") == true)
        bench.write("/pair \(code)", by: bench.eve, in: eveAlone)
        #expect(bench.texts(eveAlone).last?.contains("You may not use this bot") == true)
        try bench.restart()
        bench.write("/task {say}")
        #expect(try bench.sessions().count == 1)
        #expect(bench.announcements.all.count { $0.contains("/pair ") } == 1)
    }

    @Test func aCodeIsVoidAfterTenGuesses() throws {
        let bench = try bench(AccessRule(mode: .pairing))
        let code = try code(bench)
        for number in 0..<10 { bench.write("/pair \(number)", by: bench.eve, in: eveAlone) }
        bench.write("/pair \(code)", in: anaAlone)
        #expect(bench.texts(anaAlone).last?.contains("You are an owner") == false)
        let fresh = bench.runtime.issuePairingCode(for: Self.sim)
        bench.write("/pair \(fresh)", in: anaAlone)
        #expect(bench.texts(anaAlone).last?.contains("You are an owner") == true)
    }

    @Test func aCodeOfTheOperatorExpires() throws {
        let bench = try bench(AccessRule(mode: .pairing))
        let code = bench.runtime.issuePairingCode(for: Self.sim)
        bench.wait(.seconds(3_601))
        bench.write("/pair \(code)", in: anaAlone)
        #expect(bench.texts(anaAlone).last?.contains("You are an owner") == false)
    }

    @Test func ownersAdmitByButtonAndByIdAndRevoke() throws {
        let bench = try paired()
        bench.write("/task {say}", by: bench.eve, in: eveAlone)
        #expect(bench.texts(anaAlone).last?.contains("**Eve** (`eve`) asks") == true)
        let admit = try #require(bench.button("Admit", in: anaAlone))
        bench.click(admit, by: bench.eve, in: eveAlone)
        bench.click(admit, in: anaAlone)
        bench.click(admit, in: anaAlone)
        #expect(bench.chat.notes == ["You may not use this bot.", "Admitted", "Eve is in already."])
        #expect(bench.texts(anaAlone).last == "**Eve** (`eve`) was admitted by Ana.")
        #expect(bench.texts(eveAlone).last?.contains("You may use this bot now") == true)
        bench.write("/task {say}", by: bench.eve)
        #expect(try bench.sessions().count == 1)
        bench.write("/admit bob Bob", by: bench.eve, in: eveAlone)
        #expect(bench.texts(eveAlone).last == "Only an owner may do that.")
        bench.write("/admit bob Bob", in: anaAlone)
        try bench.restart()
        bench.write("/members", in: anaAlone)
        let members = try #require(bench.texts(anaAlone).last)
        #expect(members.contains("`ana` Ana, owner"))
        #expect(members.contains("`eve` Eve, member, admitted by `ana`"))
        #expect(members.contains("`bob` Bob, member"))
        bench.write("/revoke eve", in: anaAlone)
        bench.write("/revoke ana", in: anaAlone)
        #expect(bench.texts(anaAlone).last?.contains("the only owner") == true)
        bench.write("/task {say}", by: bench.eve)
        #expect(try bench.sessions().count == 1)
        #expect(try bench.read { try $0.audit(limit: 10) }.map(\.verb) == ["revoke", "admit", "admit", "pair"])
    }

    @Test func aListIsChangedInTheConfigurationOnly() throws {
        let bench = try bench(AccessRule(mode: .list, people: [Sample.ana.id], owners: [Sample.ana.id]))
        bench.write("/admit eve", in: anaAlone)
        bench.write("/members", in: anaAlone)
        #expect(bench.texts(anaAlone).allSatisfy { $0.contains("The configuration says who may use this bot") })
    }

    // MARK: Whose session it is

    @Test func theStarterAndOwnersAnswerAndCancel() throws {
        let rule = AccessRule(mode: .list, people: [Sample.ana.id, Sample.eve.id], owners: [PersonID("bob")])
        let bench = try bench(rule)
        let bob = Person(id: PersonID("bob"), name: "Bob")
        bench.write("/task {permission,permission}")
        bench.wait(.seconds(10))
        bench.click(try #require(bench.button("Allow once")), by: bench.eve)
        #expect(bench.chat.notes == ["Only Ana may answer this."])
        for command in ["/stop", "/cancel", "/mode plan"] {
            bench.write(command, by: bench.eve)
            #expect(bench.texts().last?.hasPrefix("Only Ana may") == true, "\(command)")
        }
        bench.click(try #require(bench.button("Allow once")), by: bob)
        bench.wait(.seconds(10))
        let id = try bench.sessions()[0].id
        #expect(try bench.read { try $0.interactions(session: id) }.first?.answeredBy?.id == bob.id)
        bench.write("/cancel", by: bob)
        bench.wait(.seconds(60))
        #expect(try bench.sessions().map(\.isLive) == [false])
    }

    @Test func theConfigurationMayLetEverybodyAnswer() throws {
        let bench = try bench(AccessRule(mode: .open)) { $0.session.everybodyControls = true }
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        bench.click(try #require(bench.button("Allow once")), by: bench.eve)
        bench.wait(.seconds(10))
        let id = try bench.sessions()[0].id
        #expect(try bench.read { try $0.interactions(session: id) }.first?.answeredBy?.id == bench.eve.id)
    }
}
