import AnycodeCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What is put into a container before its start: the runner, and directories that belong to its user.
struct ContainerFiles: Sendable {
    /// An archive and where it is unpacked.
    struct Part: Sendable {
        let directory: String
        let archive: [UInt8]
    }

    let user: ContainerUser
    let agent: AgentName
    /// Whether the agent's home is ours and not the image's.
    let hasOwnHome: Bool
    /// Volumes, in a container whose root is read-only, are the only places for files.
    let usesVolumes: Bool
    let runner: RunnerProgram

    /// The directory of the agent's when the image has none that can be written.
    static let home = "\(ContainerPlan.workspace)/home"

    func parts() throws(SandboxError) -> [Part] {
        let programs = try programs()
        let size = programs.reduce(0) { $0 + $1.bytes.count }
        if usesVolumes {
            var own = TarWriter(capacity: size)
            addOwn(to: &own, below: "", programs)
            var work = TarWriter()
            addWorkspace(to: &work, below: "")
            return [
                Part(directory: ContainerPlan.ownDirectory, archive: own.finished()),
                Part(directory: ContainerPlan.workspace, archive: work.finished()),
            ]
        }
        var all = TarWriter(capacity: size)
        all.add(directory: ".anycode", mode: 0o755, owner: .root)
        addOwn(to: &all, below: ".anycode/", programs)
        all.add(directory: "workspace", mode: 0o755, owner: user.owner)
        addWorkspace(to: &all, below: "workspace/")
        return [Part(directory: "/", archive: all.finished())]
    }

    private func addOwn(to tar: inout TarWriter, below: String, _ programs: [(name: String, bytes: Data)]) {
        tar.add(directory: "\(below)bin", mode: 0o755, owner: .root)
        for program in programs {
            tar.add(file: "\(below)bin/\(program.name)", program.bytes, mode: 0o755, owner: .root)
        }
        tar.add(directory: "\(below)state", mode: 0o700, owner: user.owner)
    }

    private func addWorkspace(to tar: inout TarWriter, below: String) {
        tar.add(directory: "\(below)repo", mode: 0o755, owner: user.owner)
        if hasOwnHome { tar.add(directory: "\(below)home", mode: 0o700, owner: user.owner) }
    }

    /// The runner, and the demo agent for those who ask for it.
    private func programs() throws(SandboxError) -> [(name: String, bytes: Data)] {
        var all = [(name: "anycode-runner", bytes: try read(runner.path))]
        let demo = "\(runner.directory)/anycode-demo-agent"
        if agent.rawValue == "demo", FileManager.default.isExecutableFile(atPath: demo) {
            all.append((name: "anycode-demo-agent", bytes: try read(demo)))
        }
        return all
    }

    private func read(_ path: String) throws(SandboxError) -> Data {
        do {
            return try Data(contentsOf: URL(filePath: path))
        } catch {
            throw SandboxError(.misconfigured, "the program \(path) cannot be read")
        }
    }
}
