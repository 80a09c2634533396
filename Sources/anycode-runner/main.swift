import AnycodeRunner

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

RunnerProgram.prepareProcess()
exit(await RunnerProgram.run(arguments: Array(CommandLine.arguments.dropFirst())))
