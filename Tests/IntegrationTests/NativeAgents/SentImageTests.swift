import FakeTelegram
import Foundation
import ScriptedModel
import TestJSON
import Testing

/// Images that people send reach the model, with either official program.
@Suite(.serialized) struct SentImageTests {
    /// A red dot.
    private static let image = Data(
        base64Encoded:
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==")

    @Test(arguments: [OfficialProgram.claude, .codex]) func thePhotoOfATaskIsSeen(_ program: OfficialProgram)
        async throws
    {
        // The programs put words of their own behind an image, so the script goes by none.
        let script = ModelScript(steps: [.init("Only words, no tool.")])
        let bytes = Array(try #require(Self.image))
        try await withTelegram { fake in
            try await program.run([script], chats: fake.section()) { _, _, model in
                fake.sendMedia(["photo": [.object(fake.keep(bytes))], "caption": "/task TALK about this"])
                try await fake.expect("Only words, no tool")
                try await fake.expect("✅ Done")
                #expect(model.requests.contains { $0.images == 1 && $0.status == 200 })
                #expect(fake.violations.isEmpty, "\(fake.violations)")
            }
        }
    }
}
