import AnycodeControl
import ArgumentParser

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

struct Anycodectl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anycodectl",
        abstract: "Looks into a running Anycode daemon and steers it.",
        discussion: """
            Speaks with the daemon over its control socket, which only the daemon's user may open. The socket is the \
            one given by --socket, else by ANYCODE_SOCKET, else the daemon's usual place.

            Session ids may be shortened to any beginning that is unique.

            Whoever changes something is recorded, by the login name and by the account behind the connection.

            Completions for a shell: anycodectl --generate-completion-script bash (or zsh, or fish).

            EXIT CODES:
              0  done
              1  failure
              2  wrong usage
              3  no daemon answers
              4  not found, or an id that fits several
              5  done, and something is left (drain) or must be mended (doctor)
            """,
        version: "anycodectl \(AnycodeVersion.current)",
        subcommands: [
            Tree.self, Sessions.self, Show.self, Logs.self, Events.self, Orphans.self, Cancel.self, Restart.self,
            Destroy.self, Drain.self, Pair.self, Doctor.self, Version.self,
        ])
}

/// What every verb takes.
struct Connection: ParsableArguments {
    @Option(help: "Path of the daemon's control socket.")
    var socket: String?

    var client: ControlClient { ControlClient(socketPath: ControlSocket.path(given: socket)) }
}

/// `--json`, for scripts.
struct Output: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    func show(_ value: some Encodable, lines: (Style) -> [String]) throws {
        if json {
            print(try WireCoding.pretty(value))
        } else {
            lines(.ofOutput()).forEach { print($0) }
        }
    }

    /// Writes an item of a stream at once, as a line of JSON or as text; true, so that the stream goes on.
    func write(_ item: some Encodable, text: () -> String) -> Bool {
        if !json {
            print(text(), terminator: "")
        } else if let line = try? WireCoding.line(item) {
            print(line)
        }
        fflush(nil)
        return true
    }
}
