import AnycodeConfig
import AnycodeStore
import ArgumentParser
import Foundation

/// `anycode backup`: a copy of the database while the daemon goes on.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the database, whether the daemon runs or not.",
        discussion: """
            The copy is the database as it is at one moment; the daemon goes on meanwhile. Saved patches and the \
            instance's key lie beside the database in anycode-data: copy that directory too. To restore: stop the \
            daemon, move the damaged database away with its -wal and -shm files, put the copy in its place.

            Exit codes: 0 copied, 1 not copied, 78 the configuration is wrong.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The file to write; it must not be there yet.", completion: .file())
    var file: String

    func run() async throws {
        let database = try options.load().database.path
        do {
            let size = try DatabaseBackup(of: database).write(to: file)
            let data = URL(fileURLWithPath: database).deletingLastPathComponent().appendingPathComponent("anycode-data")
            Terminal.say("\(file): \(max(1, size >> 10)) kB. Patches and the key are in \(data.path).")
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode(1)
        }
    }
}
