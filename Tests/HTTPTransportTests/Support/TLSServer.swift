import Foundation

/// `openssl s_server` with a certificate of its own for `localhost`.
final class TLSServer {
    static let program = "/usr/bin/openssl"
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: program) }

    let port: Int
    let certificateFile: String
    /// `sha256//…` of the certificate's public key.
    let pin: String
    private let directory: URL
    private let process: pid_t

    init(options: [String] = []) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        func path(_ name: String) -> String { directory.appendingPathComponent(name).path }
        self.directory = directory
        certificateFile = path("cert.pem")
        try Self.run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
            "-subj",
            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", path("key.pem"), "-out",
            certificateFile,
        ])
        try Self.run(["pkey", "-in", path("key.pem"), "-pubout", "-outform", "DER", "-out", path("public.der")])
        try Self.run(["dgst", "-sha256", "-binary", "-out", path("digest"), path("public.der")])
        pin = "sha256//" + (try Data(contentsOf: directory.appendingPathComponent("digest"))).base64EncodedString()

        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        process = try Self.spawn(
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificateFile, "-key", path("key.pem"), "-www"] + options,
            output: ends[1])
        close(ends[1])
        port = Self.port(ends[0])
        close(ends[0])
    }

    func stop() {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        try? FileManager.default.removeItem(at: directory)
    }

    /// Reads up to `ACCEPT 127.0.0.1:PORT`; 0 when the server ended before.
    private static func port(_ output: Int32) -> Int {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte != 0x0A {
                text.append(byte)
                continue
            }
            let line = String(decoding: text, as: UTF8.self)
            if line.hasPrefix("ACCEPT") { return line.split(separator: ":").last.flatMap { Int($0) } ?? 0 }
            text = []
        }
        return 0
    }

    private static func run(_ arguments: [String]) throws {
        var status: Int32 = 0
        waitpid(try spawn(arguments, output: nil), &status, 0)
        if status != 0 { throw POSIXError(.EIO) }
    }

    private static func spawn(_ arguments: [String], output: Int32?) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, 1)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process = pid_t()
        guard posix_spawn(&process, program, &actions, nil, &words, environ) == 0 else { throw POSIXError(.ENOENT) }
        return process
    }
}
