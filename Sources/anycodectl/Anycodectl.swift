import AnycodeControl
import ArgumentParser

struct Anycodectl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anycodectl",
        abstract: "Looks into a running Anycode daemon and steers it.",
        discussion: """
            Speaks with the daemon over its control socket, which only the daemon's user may open. The socket is the \
            one given by --socket, else by ANYCODE_SOCKET, else the daemon's usual place.

            Session ids may be shortened to any beginning that is unique.

            EXIT CODES:
              0  done
              1  failure
              2  wrong usage
              3  no daemon answers
              4  not found, or an id that fits several
            """,
        version: "anycodectl \(AnycodeVersion.current)",
        subcommands: [Tree.self, Sessions.self, Show.self, Cancel.self, Version.self])
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
}
