import ScriptedModel
import TestJSON

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

/// The scripted model as a program, for trying an agent by hand.
@main
struct ScriptedModelCommand {
    private static let usage = """
        usage: scripted-model [--port N] [--key KEY] [--scripts FILE]

        Serves the Anthropic Messages, OpenAI Responses and chat completions APIs on 127.0.0.1.
        A word in the last prompt chooses the script. Without --scripts: WRITE ASK TALK THINK SLOW LONGCMD
        BIGOUT BIGTEXT TWICE ERR429 ERR500 ERR529 ERR401 CUT; anything else creates hello.txt by a shell command.

        """

    private struct UsageError: Error {
        let message: String
    }

    static func main() async {
        do {
            let model = try await ScriptedModel(configuration(Array(CommandLine.arguments.dropFirst())))
            say(
                "ANTHROPIC_BASE_URL=\(model.anthropicBaseURL)\nOPENAI_BASE_URL=\(model.openAIBaseURL)\n",
                to: STDOUT_FILENO)
            try await model.run()
        } catch let error as UsageError {
            say("scripted-model: \(error.message)\n\n\(usage)", to: STDERR_FILENO)
            exit(2)
        } catch {
            say("scripted-model: \(error)\n", to: STDERR_FILENO)
            exit(1)
        }
    }

    private static func configuration(_ arguments: [String]) throws -> ScriptedModel.Configuration {
        var configuration = ScriptedModel.Configuration(port: 8765)
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--help" {
                say(usage, to: STDOUT_FILENO)
                exit(0)
            }
            guard let value = rest.popFirst() else { throw UsageError(message: "\(option) needs a value") }
            switch option {
            case "--port":
                guard let port = UInt16(value) else { throw UsageError(message: "\(value) is no port") }
                configuration.port = Int(port)
            case "--key": configuration.key = value
            case "--scripts":
                configuration.scripts = try [ModelScript](
                    json: JSON(parsing: Data(contentsOf: URL(filePath: value))))
            default: throw UsageError(message: "unknown option \(option)")
            }
        }
        return configuration
    }

    private static func say(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
