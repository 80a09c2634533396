import Testing

@testable import AnycodeConfig

@Suite struct NearestTests {
    @Test(arguments: [
        ("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ab", 1), ("ab", "ba", 1), ("kitten", "sitting", 3),
        ("", "abc", 3), ("docker", "dokcer", 1),
    ])
    func countsEdits(a: String, b: String, distance: Int) {
        #expect(editDistance(Array(a.utf8), Array(b.utf8)) == distance)
        #expect(editDistance(Array(b.utf8), Array(a.utf8)) == distance)
    }

    @Test func namesOnlyWhatIsNear() {
        let keys = ["bot_token", "bot_token_file", "allowed_users"]
        #expect(nearest(to: "bot_tokn", among: keys) == "bot_token")
        #expect(nearest(to: "alowed_user", among: keys) == "allowed_users")
        #expect(nearest(to: "colour", among: keys) == nil)
        #expect(nearest(to: "x", among: []) == nil)
    }
}
