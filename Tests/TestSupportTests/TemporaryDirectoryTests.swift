import Foundation
import TestSupport
import Testing

@Suite struct TemporaryDirectoryTests {
    @Test func isPrivateAndRemovedWithItsContentWhenReleased() throws {
        var directory: TemporaryDirectory? = try TemporaryDirectory()
        let path = try #require(directory?.path)
        try directory?.write("hello", to: "deep/er/file.txt")
        #expect(directory?.read("deep/er/file.txt") == "hello")
        #expect(directory?.read("missing") == nil)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        directory = nil
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func isRemovedWhenTheBodyThrows() async throws {
        struct Expected: Error {}
        var path = ""
        await #expect(throws: Expected.self) {
            try await withTemporaryDirectory { directory in
                path = directory.path
                try directory.write("x", to: "x")
                throw Expected()
            }
        }
        #expect(!path.isEmpty && !FileManager.default.fileExists(atPath: path))
    }

    @Test func twoDirectoriesDiffer() throws {
        #expect(try TemporaryDirectory().path != TemporaryDirectory().path)
    }
}
