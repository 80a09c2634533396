/// The command line of `anycode-runner`.
package enum RunnerCommand: Sendable, Equatable {
    case help
    case version
    case serve(Serve)
    case record(Record)

    package struct Serve: Sendable, Equatable {
        package var listen: ListenAddress
        package var stateDirectory: String
        package var workspace: String
        package var home: String?
        package var token = TokenSource.environment
    }

    package struct Record: Sendable, Equatable {
        package var path: String
        /// Longest text that is kept, characters; nil keeps all.
        package var textLimit: Int?
        package var program: [String]
    }

    /// Where the bearer token comes from; never from the command line, which others can read.
    package enum TokenSource: Sendable, Equatable {
        case environment, standardInput, none
    }

    package static let tokenVariable = "ANYCODE_RUNNER_TOKEN"

    package static let usage = """
        anycode-runner owns a coding agent's process in a sandbox and serves it over HTTP.

        USAGE
          anycode-runner serve --listen ADDRESS --state-dir DIR --workspace DIR [options]
          anycode-runner record --to FILE [--shorten CHARACTERS] -- PROGRAM [arguments]

        OPTIONS
          --listen unix:/path.sock | tcp:HOST:PORT   where to serve (port 0: any)
          --state-dir DIR                            the log of messages and other state
          --workspace DIR                            where the agent works
          --home DIR                                 the agent's home
          --token-stdin                              read the bearer token from the first line of standard input
          --no-token                                 serve without one (Unix socket or loopback address only)
          --version, --help

        RECORD
          Runs an agent's program and writes both sides of its conversation into a file, without secrets of its
          environment, home and folder; --shorten cuts long texts and lists.

        ENVIRONMENT
          ANYCODE_RUNNER_TOKEN                       the bearer token; agents do not get to see it
        """

    /// Reads the arguments that follow the program's name.
    package init(arguments: [String]) throws(RunnerError) {
        // What follows “--” belongs to another program.
        let own = arguments.prefix { $0 != "--" }
        if own.contains("--help") || own.contains("-h") || own.isEmpty {
            self = .help
            return
        }
        if own.contains("--version") {
            self = .version
            return
        }
        if arguments[0] == "record" {
            self = .record(try Self.record(arguments.dropFirst()))
            return
        }
        guard arguments[0] == "serve" else { throw .usage("“\(arguments[0])” is no command.") }
        var values: [String: String] = [:]
        var token = TokenSource.environment
        var rest = arguments.dropFirst()
        while let option = rest.popFirst() {
            switch option {
            case "--token-stdin": token = .standardInput
            case "--no-token": token = .none
            case "--listen", "--state-dir", "--workspace", "--home":
                guard let value = rest.popFirst(), !value.isEmpty else { throw .usage("\(option) needs a value.") }
                values[option] = value
            default: throw .usage("“\(option)” is no option.")
            }
        }
        self = .serve(try Self.serve(values, token))
    }

    private static func serve(_ values: [String: String], _ token: TokenSource) throws(RunnerError) -> Serve {
        func required(_ option: String) throws(RunnerError) -> String {
            guard let value = values[option] else { throw .usage("\(option) is missing.") }
            return value
        }
        guard let listen = ListenAddress(try required("--listen")) else {
            throw .usage("--listen takes unix:/path.sock or tcp:HOST:PORT.")
        }
        let paths = (state: try required("--state-dir"), workspace: try required("--workspace"), home: values["--home"])
        for path in [paths.state, paths.workspace, paths.home].compactMap(\.self) where !path.hasPrefix("/") {
            throw .usage("“\(path)” is not an absolute path.")
        }
        return Serve(
            listen: listen, stateDirectory: trimmed(paths.state), workspace: trimmed(paths.workspace),
            home: paths.home.map(trimmed), token: token)
    }

    private static func record(_ arguments: ArraySlice<String>) throws(RunnerError) -> Record {
        let parts = arguments.split(separator: "--", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { throw .usage("record needs “-- PROGRAM”.") }
        var command = Record(path: "", program: Array(parts[1]))
        var rest = parts[0]
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { throw .usage("\(option) needs a value.") }
            switch option {
            case "--to": command.path = value
            case "--shorten":
                guard let limit = Int(value), limit > 0 else { throw .usage("--shorten takes a number of characters.") }
                command.textLimit = limit
            default: throw .usage("“\(option)” is no option of record.")
            }
        }
        guard !command.path.isEmpty else { throw .usage("--to is missing.") }
        return command
    }

    private static func trimmed(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}

extension RunnerError {
    fileprivate static func usage(_ message: String) -> RunnerError {
        RunnerError(.invalid, message, hint: "See anycode-runner --help.")
    }
}
