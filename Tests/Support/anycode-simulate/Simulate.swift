import AnycodeSimulation
import Foundation

/// Runs whole daemons under seeds and asserts the rules on each. See CONTRIBUTING.
@main
enum Simulate {
    static func main() {
        let command: SimulateCommand
        switch SimulateCommand.parse(Array(CommandLine.arguments.dropFirst())) {
        case .success(let parsed): command = parsed
        case .failure(let problem):
            print(problem.message)
            exit(64)
        }
        exit(command.isWorker ? Worker(command: command).run() : Overseer(command: command).run())
    }
}

struct SimulateCommand: Sendable {
    struct Problem: Error {
        let message: String
    }

    static let usage = """
        usage: anycode-simulate [SEEDS] [--processes N] [--all] [--show]
          SEEDS          0..<1000 (the default), or one seed
          --processes N  how many run at a time; the number of cores when left out
          --all          goes on after a seed that failed
          --show         prints the chat as people see it, and the daemon's log
        """

    var seeds: Range<UInt64> = 0..<1000
    var processes = ProcessInfo.processInfo.activeProcessorCount
    var runsAll = false
    var shows = false
    /// Runs the seeds in this process and speaks to the overseer.
    var isWorker = false

    static func parse(_ arguments: [String]) -> Result<SimulateCommand, Problem> {
        var command = SimulateCommand()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--all": command.runsAll = true
            case "--show": command.shows = true
            case "--worker": command.isWorker = true
            case "--processes":
                guard let number = rest.popFirst().flatMap(Int.init), number > 0 else {
                    return .failure(.init(message: usage))
                }
                command.processes = number
            default:
                guard let seeds = seeds(argument) else { return .failure(.init(message: usage)) }
                command.seeds = seeds
            }
        }
        return .success(command)
    }

    private static func seeds(_ text: String) -> Range<UInt64>? {
        if let one = UInt64(text) { return one..<(one + 1) }
        let bounds = text.split(separator: "..<").compactMap { UInt64($0) }
        guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
        return bounds[0]..<bounds[1]
    }
}
