import Foundation
import Testing

@testable import AnycodeServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct SocketPlaceTests {
    @Test func staleSocketsAreRemoved() async throws {
        try await withDirectory { directory in
            let path = directory + "/c.sock"
            let descriptor = try bound(path)
            close(descriptor)
            #expect(SocketProbe.ask(path) == .stale)
            try SocketPlace(path: path).clear()
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func liveSocketsAreLeftAlone() async throws {
        try await withDirectory { directory in
            let path = directory + "/c.sock"
            let descriptor = try bound(path)
            defer { close(descriptor) }
            #expect(listen(descriptor, 1) == 0)
            let error = #expect(throws: ServerError.self) { try SocketPlace(path: path).clear() }
            #expect(error?.code == .alreadyRunning)
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test(arguments: ["file", "directory", "link"]) func otherThingsAreLeftAlone(kind: String) async throws {
        try await withDirectory { directory in
            let path = directory + "/c.sock"
            switch kind {
            case "file": #expect(FileManager.default.createFile(atPath: path, contents: nil))
            case "directory": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            default: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/null")
            }
            let error = #expect(throws: ServerError.self) { try SocketPlace(path: path).clear() }
            #expect(error?.code == .notASocket)
            #expect((try? FileManager.default.attributesOfItem(atPath: path)) != nil)
        }
    }

    @Test func directoriesOpenToOthersAreRefused() async throws {
        try await withDirectory { directory in
            chmod(directory, 0o777)
            let error = #expect(throws: ServerError.self) { try SocketPlace(path: directory + "/c.sock").clear() }
            #expect(error?.code == .unsafeDirectory)
            chmod(directory, 0o1777)
            try SocketPlace(path: directory + "/c.sock").clear()
        }
    }

    @Test func impossiblePathsAreRefused() async throws {
        try await withDirectory { directory in
            let long = directory + "/" + String(repeating: "x", count: 100)
            #expect(#expect(throws: ServerError.self) { try SocketPlace(path: long).clear() }?.code == .badSocketPath)
            #expect(FileManager.default.createFile(atPath: directory + "/f", contents: nil))
            let below = SocketPlace(path: directory + "/f/c.sock")
            #expect(throws: ServerError.self) { try below.clear() }
        }
    }

    @Test func onlyTheOwnSocketIsTakenAway() async throws {
        try await withDirectory { directory in
            let place = SocketPlace(path: directory + "/c.sock")
            let first = try bound(place.bindingPath)
            defer { close(first) }
            let identity = try place.publish()
            let second = try bound(place.bindingPath)
            defer { close(second) }
            let other = try place.publish()
            place.remove(identity)
            #expect(FileManager.default.fileExists(atPath: place.path))
            place.remove(other)
            #expect(!FileManager.default.fileExists(atPath: place.path))
        }
    }
}
