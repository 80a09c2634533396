import AnycodeCore
import Foundation
import Glibc
import Testing

@testable import AnycodeSandbox

@Suite struct DirectoryRemovalTests {
    private static func withDirectory(_ body: (String) throws -> Void) throws {
        let path = "/tmp/anycode-test-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: "\(path)/lease", withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: "\(path)/lease/lease.json", contents: Data())
        try body(path)
        try FileManager.default.removeItem(atPath: path)
    }

    private static func remove(_ path: String) throws {
        try DirectoryRemoval("\(path)/lease")?.run(keepingUntilLast: "lease.json")
        #expect(access("\(path)/lease", F_OK) != 0)
    }

    @Test func readOnlyDirectoriesAndOddNamesGo() throws {
        try Self.withDirectory { path in
            try FileManager.default.createDirectory(atPath: "\(path)/lease/a/b/c", withIntermediateDirectories: true)
            close(open("\(path)/lease/a/b/file", O_CREAT | O_WRONLY, 0o400))
            close(open([CChar]("\(path)/lease/a/".utf8CString.dropLast()) + [-1, -2, 0], O_CREAT | O_WRONLY, 0o600))
            mkdir([CChar]("\(path)/lease/a/".utf8CString.dropLast()) + [-3, 10, 0], 0o700)
            chmod("\(path)/lease/a/b/c", 0)
            chmod("\(path)/lease/a/b", 0o500)
            chmod("\(path)/lease/a", 0)
            try Self.remove(path)
        }
    }

    @Test func linksAreRemovedAndNotFollowed() throws {
        try Self.withDirectory { path in
            try FileManager.default.createDirectory(atPath: "\(path)/outside", withIntermediateDirectories: true)
            _ = FileManager.default.createFile(atPath: "\(path)/outside/precious", contents: Data())
            chmod("\(path)/outside", 0o555)
            symlink("\(path)/outside", "\(path)/lease/link")
            symlink("/", "\(path)/lease/root")
            try Self.remove(path)
            #expect(access("\(path)/outside/precious", F_OK) == 0)
            var status = stat()
            stat("\(path)/outside", &status)
            #expect(status.st_mode & 0o777 == 0o555)
            chmod("\(path)/outside", 0o755)
        }
    }

    @Test func anyDepthGoes() throws {
        try Self.withDirectory { path in
            var directory = open("\(path)/lease", O_RDONLY | O_DIRECTORY)
            for _ in 0..<1500 {
                mkdirat(directory, "deep", 0o700)
                let next = openat(directory, "deep", O_RDONLY | O_DIRECTORY)
                close(directory)
                directory = next
            }
            close(directory)
            try Self.remove(path)
        }
    }

    @Test func whatIsNotThereNeedsNoRemoval() throws {
        #expect(try DirectoryRemoval("/tmp/anycode-test-none") == nil)
    }
}
