import Foundation

/// A local sandbox, as its files tell.
struct Sandbox: Sendable {
    private struct Record: Decodable {
        struct Process: Decodable {
            let pid: Int32
        }

        let session: String
        let main: Process?
        let guardian: Process?
    }

    /// The directory of all sandboxes of a daemon.
    let base: String
    let path: String
    let session: String
    /// The sandbox's first process; the runner is below it.
    let main: Int32?
    let guardian: Int32?

    /// Where sandboxes are kept when the configuration names no place.
    static var usualBases: [String] {
        let all = "/var/lib/anycode"
        return ((try? FileManager.default.contentsOfDirectory(atPath: all)) ?? []).map { "\(all)/\($0)" }
    }

    static func all(in base: String) -> [Sandbox] {
        ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []).compactMap { name in
            let path = "\(base)/\(name)"
            guard let data = FileManager.default.contents(atPath: "\(path)/lease.json"),
                let record = try? JSONDecoder().decode(Record.self, from: data)
            else { return nil }
            return Sandbox(
                base: base, path: path, session: record.session, main: record.main?.pid,
                guardian: record.guardian?.pid)
        }
    }

    var processes: [Int32] {
        Set([main, guardian].compactMap { $0 }.flatMap { ProcessList.tree(of: $0) }).sorted()
    }

    var isGone: Bool { !FileManager.default.fileExists(atPath: path) }
}
