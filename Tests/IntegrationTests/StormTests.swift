import Foundation
import Testing

/// A small kill storm; `make storm` runs the large one.
@Suite struct StormTests {
    @Test func aSmallStormLosesNothing() async throws {
        try await Installation.with { installation in
            let storm = try installation.start(
                "storm", ["--kills", "10", "--sessions", "3", "--calm", "1000", "--lines", "12", "--seed", "11"])
            let code = await storm.end(within: .seconds(300))
            #expect(code == 0, "\(storm.output.text)\(storm.errors.text)")
            #expect(storm.output.text.contains("Nothing was lost."))
        }
    }
}
