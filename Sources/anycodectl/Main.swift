import AnycodeControl
import ArgumentParser

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@main
struct Main {
    static func main() {
        do {
            var command = try Anycodectl.parseAsRoot()
            try command.run()
        } catch let error as ControlError {
            complain("anycodectl: \(error.message)\n" + (error.hint.map { "  \($0)\n" } ?? ""))
            exit(error.exitCode)
        } catch {
            let code = Anycodectl.exitCode(for: error)
            let text = Anycodectl.fullMessage(for: error)
            if code.isSuccess {
                print(text)
            } else if !text.isEmpty {
                complain(text + "\n")
            }
            exit(code == .validationFailure ? 2 : code.rawValue)
        }
    }

    private static func complain(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
