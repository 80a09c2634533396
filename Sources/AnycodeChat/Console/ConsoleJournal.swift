#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The console's memory across restarts: JSON lines in `console.jsonl`, appended and now and then rewritten.
struct ConsoleJournal: ~Copyable {
    private let path: String
    private let directory: String
    private var descriptor: Int32
    private var size: Int64

    /// From this size on the journal is rewritten shorter.
    private static let longest: Int64 = 4 << 20

    /// Opens or creates the journal and reads it into the ledger. A torn last line is cut off.
    static func open(directory: String, ledger: inout ConsoleLedger) throws(ConsoleError) -> ConsoleJournal {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw failure("Cannot create the directory", directory)
        }
        let path = directory + "/console.jsonl"
        let decoder = JSONDecoder()
        for line in try contents(of: path).split(separator: UInt8(ascii: "\n")) {
            if let record = try? decoder.decode(ConsoleRecord.self, from: Data(line)) { ledger.apply(record) }
        }
        var journal = ConsoleJournal(path: path, directory: directory)
        try journal.rewrite(ledger)
        return journal
    }

    private init(path: String, directory: String) {
        self.path = path
        self.directory = directory
        descriptor = -1
        size = 0
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Appends records; with `durably` they survive a power failure when this returns.
    mutating func append(_ records: [ConsoleRecord], durably: Bool, ledger: ConsoleLedger) throws(ConsoleError) {
        let data = try Self.encode(records)
        guard Self.write(data, to: descriptor), !durably || fsync(descriptor) == 0 else {
            let error = Self.failure("Cannot write the console's journal", path)
            ftruncate(descriptor, off_t(size))
            throw error
        }
        size += Int64(data.count)
        if size > Self.longest {
            var newer = ledger
            for record in records { newer.apply(record) }
            try rewrite(newer)
        }
    }

    /// Replaces the file by the shortest one that says the same.
    private mutating func rewrite(_ ledger: ConsoleLedger) throws(ConsoleError) {
        let temporary = path + ".new"
        let file = Self.openFile(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
        guard file >= 0 else { throw Self.failure("Cannot create the console's journal", temporary) }
        let data = try Self.encode(ledger.records)
        guard Self.write(data, to: file), fsync(file) == 0, rename(temporary, path) == 0 else {
            let error = Self.failure("Cannot write the console's journal", temporary)
            close(file)
            throw error
        }
        let folder = Self.openFile(directory, O_RDONLY)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
        if descriptor >= 0 { close(descriptor) }
        descriptor = file
        size = Int64(data.count)
    }

    // MARK: Files

    private static func openFile(_ path: String, _ flags: Int32) -> Int32 {
        #if canImport(Glibc)
        Glibc.open(path, flags | O_CLOEXEC, 0o600)
        #else
        Darwin.open(path, flags | O_CLOEXEC, 0o600)
        #endif
    }

    private static func encode(_ records: [ConsoleRecord]) throws(ConsoleError) -> [UInt8] {
        let encoder = JSONEncoder()
        var result: [UInt8] = []
        for record in records {
            guard let data = try? encoder.encode(record) else {
                throw ConsoleError(
                    code: .journalUnusable, message: "A message cannot be written as JSON", hint: "Report this.")
            }
            result += data
            result.append(UInt8(ascii: "\n"))
        }
        return result
    }

    private static func contents(of path: String) throws(ConsoleError) -> [UInt8] {
        let file = openFile(path, O_RDONLY)
        guard file >= 0 else {
            if errno == ENOENT { return [] }
            throw failure("Cannot read the console's journal", path)
        }
        defer { close(file) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count == 0 { return result }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("Cannot read the console's journal", path) }
            result += buffer[..<count]
        }
    }

    private static func write(_ bytes: [UInt8], to file: Int32) -> Bool { DescriptorOutput.write(bytes, to: file) }

    private static func failure(_ what: String, _ path: String) -> ConsoleError {
        ConsoleError(
            code: .journalUnusable, message: "\(what) \(path): \(String(cString: strerror(errno)))",
            hint: "Check that the daemon may write there and that the disk is not full.")
    }
}
