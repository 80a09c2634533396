#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

switch CommandLine.arguments.dropFirst().first {
case nil: exit(await Program.serve())
case "--version": print("anycode-demo-agent \(Program.version)")
case "--help", "-h": print(Program.usage)
case let option?:
    print("“\(option)” is no option; see anycode-demo-agent --help.")
    exit(64)
}
