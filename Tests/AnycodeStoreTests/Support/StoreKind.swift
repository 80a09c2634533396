import AnycodeStore
import Foundation

/// The ways to run a store; every operation must behave the same in all of them.
enum StoreKind: CaseIterable {
    case inlineInMemory, inlineFile, threadedInMemory, threadedFile

    var execution: Store.Execution {
        switch self {
        case .inlineInMemory, .inlineFile: .inline
        case .threadedInMemory, .threadedFile: .writerThread
        }
    }

    /// Hands a new store to `body` and cleans up after it.
    func withStore(_ body: (Store) async throws -> Void) async throws {
        switch self {
        case .inlineInMemory, .threadedInMemory:
            let store = try Store(path: nil, execution: execution)
            defer { store.close() }
            try await body(store)
        case .inlineFile, .threadedFile:
            try await withTemporaryDirectory { directory in
                let store = try Store(path: directory + "/test.db", execution: execution)
                defer { store.close() }
                try await body(store)
            }
        }
    }
}

func withTemporaryDirectory(_ body: (String) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.path + "/store-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await body(directory)
}
