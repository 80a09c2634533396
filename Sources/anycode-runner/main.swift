import AnycodeRunner

RunnerProgram.main(arguments: Array(CommandLine.arguments.dropFirst()))
