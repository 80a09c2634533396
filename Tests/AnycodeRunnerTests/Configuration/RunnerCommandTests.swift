import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

@Suite struct RunnerCommandTests {
    private let places = ["--listen", "unix:/tmp/s", "--state-dir", "/s/", "--workspace", "/w"]

    @Test func serveReadsItsOptions() throws {
        let command = try RunnerCommand(arguments: ["serve"] + places + ["--home", "/h", "--token-stdin"])
        #expect(
            command
                == .serve(
                    .init(
                        listen: .unix("/tmp/s"), stateDirectory: "/s", workspace: "/w", home: "/h",
                        token: .standardInput)))
    }

    @Test(arguments: [
        ["serve"], ["run"], ["serve", "--listen"], ["serve", "--listen", "x"], ["serve", "--token", "secret"],
        ["serve", "--listen", "unix:/s", "--state-dir", "relative", "--workspace", "/w"],
    ])
    func mistakesAreNamed(arguments: [String]) {
        #expect(throws: RunnerError.self) { try RunnerCommand(arguments: arguments) }
    }

    @Test func addressesAreRead() {
        #expect(ListenAddress("tcp:127.0.0.1:2468") == .tcp(host: "127.0.0.1", port: 2468))
        #expect(ListenAddress("tcp:[::1]:80") == .tcp(host: "::1", port: 80))
        #expect(ListenAddress("tcp::80") == nil)
        #expect(ListenAddress("tcp:h:99999") == nil)
        #expect(ListenAddress("unix:relative") == nil)
    }

    @Test func withoutATokenOnlyThisMachineIsServed() {
        func configuration(_ listen: ListenAddress) -> RunnerConfiguration {
            RunnerConfiguration(listen: listen, stateDirectory: "/s", workspace: "/w", token: nil, environment: [:])
        }
        #expect(throws: RunnerError.self) { try Runner(configuration(.tcp(host: "0.0.0.0", port: 1))) }
        #expect(throws: Never.self) { try Runner(configuration(.tcp(host: "127.0.0.1", port: 1))) }
        #expect(throws: Never.self) { try Runner(configuration(.unix("/tmp/s"))) }
    }

    @Test func aFileInTheSocketsPlaceIsLeftAlone() async throws {
        try await withTemporaryDirectory { directory in
            try directory.write("precious", to: "s")
            #expect(throws: RunnerError.self) { try ListenAddress.unix(directory.file("s")).makeRoom() }
            #expect(directory.read("s") == "precious")
        }
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "Bearer wrong!", "Bearer t0ke", "Bearer t0ken1", "Basic t0ken", "t0ken",
    ])
    func wrongTokensAreRefused(header: String?) {
        #expect(AccessToken("t0ken")?.matches(authorization: header) == false)
    }

    @Test func theRightTokenIsTaken() {
        #expect(AccessToken("t0ken")?.matches(authorization: "Bearer t0ken") == true)
        #expect(AccessToken("t0ken")?.matches(authorization: "bearer t0ken") == true)
        #expect(AccessToken("with space") == nil)
        #expect(AccessToken("") == nil)
    }
}
