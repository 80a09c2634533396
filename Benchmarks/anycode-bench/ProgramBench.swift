import Foundation

/// Sizes of the programs beside this one, and how soon and how small an idle runner is.
enum ProgramBench {
    static func run(into table: inout BudgetTable) throws {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let folder = URL(fileURLWithPath: own).deletingLastPathComponent()
        for name in ["anycode", "anycodectl", "anycode-runner"] {
            let path = folder.appendingPathComponent(name).path
            guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else { continue }
            table.add(
                "\(name): MB, unstripped", (Double(size) / 1e6).short,
                budget: name == "anycode-runner" ? "≤ 30 stripped" : "")
        }
        try runner(folder.appendingPathComponent("anycode-runner"), into: &table)
    }

    private static func runner(_ program: URL, into table: inout BudgetTable) throws {
        guard FileManager.default.isExecutableFile(atPath: program.path) else { return }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "anycode-bench-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = program
        process.arguments = [
            "serve", "--listen", "unix:\(folder.path)/r.sock", "--state-dir", folder.path, "--workspace", folder.path,
        ]
        process.environment = ["ANYCODE_RUNNER_TOKEN": "bench", "HOME": folder.path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let clock = ContinuousClock()
        let start = clock.now
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        while !answers(folder.path + "/r.sock") {
            guard clock.now - start < .seconds(5), process.isRunning else { return }
            usleep(500)
        }
        let ready = (clock.now - start).seconds * 1000
        table.add("runner: ms until ready", ready.short, budget: "≤ 50")
        let memory = Usage.anonymousMemory(of: "\(process.processIdentifier)")
        table.add("runner: MB of anonymous memory when idle", (Double(memory) / 1e6).short, budget: "≤ 10")
    }

    /// Whether somebody listens on the socket.
    private static func answers(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
