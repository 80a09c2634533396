import AnycodeJSON
import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

/// Images that people sent, shown to the model.
@Suite struct AttachedImagesTests {
    private let picture: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 1, 2, 3]

    private func prompt(_ text: String) -> JSON {
        [
            "jsonrpc": "2.0", "id": 1, "method": "session/prompt",
            "params": ["sessionId": "s", "prompt": [["type": "text", "text": .string(text)]]],
        ]
    }

    private func images(_ text: String, in workspace: String) -> [JSON] {
        let blocks = AttachedImages.added(to: prompt(text), workspace: workspace)["params"]?["prompt"]?.array ?? []
        return Array(blocks.dropFirst())
    }

    private func withFolder(_ body: (_ workspace: String, _ folder: String) async throws -> Void) async throws {
        try await withTemporaryDirectory(prefix: "im") { directory in
            let folder = directory.path + "/" + AttachedImages.folder
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await body(directory.path, folder)
        }
    }

    @Test func anImageThatThePromptNamesIsHandedOver() async throws {
        try await withFolder { workspace, folder in
            try Data(picture).write(to: URL(filePath: folder + "1-a.png"))
            try Data("notes".utf8).write(to: URL(filePath: folder + "2-b.txt"))
            let text =
                "Look:\n- `.anycode/attachments/1-a.png` (image/png)\n- `.anycode/attachments/2-b.txt` (text/plain)"
            let expected: JSON = ["type": "image", "mimeType": "image/png", "data": "iVBORwECAw=="]
            #expect(images(text, in: workspace) == [expected])
        }
    }

    @Test func nothingElseOfTheMachineIs() async throws {
        try await withFolder { workspace, folder in
            try Data(picture).write(to: URL(filePath: workspace + "/secret.png"))
            try FileManager.default.createSymbolicLink(
                atPath: folder + "link.png", withDestinationPath: workspace + "/secret.png")
            for name in ["link.png", "../../secret.png", "..", "none.png", ""] {
                #expect(images("`.anycode/attachments/\(name)`", in: workspace).isEmpty, "\(name)")
            }
            #expect(images("`secret.png`", in: workspace).isEmpty)
        }
    }

    @Test func whatIsTooLargeOrTooMuchStaysAFile() async throws {
        try await withFolder { workspace, folder in
            let large = picture + [UInt8](repeating: 0, count: AttachedImages.limit)
            try Data(large).write(to: URL(filePath: folder + "large.png"))
            #expect(images("`.anycode/attachments/large.png`", in: workspace).isEmpty)
            try Data(picture).write(to: URL(filePath: folder + "a.png"))
            let many = String(repeating: "`.anycode/attachments/a.png` ", count: 20)
            #expect(images(many, in: workspace).count == AttachedImages.count)
        }
    }

    @Test func otherMessagesAreLeftAlone() {
        let message: JSON = ["method": "session/cancel", "params": ["sessionId": "s"]]
        #expect(AttachedImages.added(to: message, workspace: "/w") == message)
    }
}
