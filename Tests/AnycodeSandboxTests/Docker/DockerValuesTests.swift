import AnycodeCore
import Foundation
import HTTPTransport
import Testing

@testable import AnycodeSandbox

@Suite struct DockerValuesTests {
    @Test func hostsAreReadFromTheEnvironment() throws {
        func host(_ environment: [String: String]) throws -> DockerHost { try DockerHost(environment: environment) }
        #expect(try host([:]).address == .unixSocket(path: "/var/run/docker.sock"))
        #expect(try host(["DOCKER_HOST": "unix:///x/y.sock"]).address == .unixSocket(path: "/x/y.sock"))
        #expect(try host(["DOCKER_HOST": "tcp://box"]).baseURL == "http://box:2375")
        #expect(try host(["DOCKER_HOST": "tcp://[::1]:99"]).baseURL == "http://[::1]:99")
        let secured = try host([
            "DOCKER_HOST": "tcp://box:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs",
        ])
        #expect(secured.baseURL == "https://box:2376")
        #expect(secured.tls?.trust == .authorities(file: "/certs/ca.pem"))
        #expect(secured.tls?.clientCertificate?.keyFile == "/certs/key.pem")
        #expect(!secured.isLocal)
        for text in ["ssh://box", "unix://relative", "box:2375", "tcp://box:0", "tcp://"] {
            #expect(throws: SandboxError.self) { try host(["DOCKER_HOST": text]) }
        }
    }

    @Test func networksAreNamedAsDocumented() throws {
        #expect(try DockerSandboxProvider.Network("bridge") == .own(name: "anycode"))
        #expect(try DockerSandboxProvider.Network("host") == .host)
        #expect(try DockerSandboxProvider.Network("mine") == .existing(name: "mine"))
        #expect(throws: SandboxError.self) { try DockerSandboxProvider.Network("none") }
    }

    @Test func imagesAreTakenApart() {
        #expect(ImageReference("debian").tag == "latest")
        #expect(ImageReference("debian:12").name == "debian")
        #expect(ImageReference("box:5000/a/b").name == "box:5000/a/b")
        #expect(ImageReference("box:5000/a/b:1").tag == "1")
        #expect(ImageReference("debian@sha256:00").tag == nil)
    }

    @Test func usersAreFoundInTheImagesOwnList() {
        let passwd = Array("root:x:0:0::/root:/bin/sh\ndev:x:1000:100::/home/dev:/bin/sh\nbroken\n".utf8)
        #expect(ContainerUser("", passwd: nil) == .root)
        #expect(ContainerUser("root", passwd: nil) == .root)
        #expect(ContainerUser("dev", passwd: passwd)?.owner == .init(user: 1000, group: 100))
        #expect(ContainerUser("dev:7", passwd: passwd)?.owner == .init(user: 1000, group: 7))
        #expect(ContainerUser("1000", passwd: passwd)?.owner == .init(user: 1000, group: 100))
        #expect(ContainerUser("55:66", passwd: nil)?.owner == .init(user: 55, group: 66))
        #expect(ContainerUser("other", passwd: passwd) == nil)
        #expect(ContainerUser.isNumber("55:66") && !ContainerUser.isNumber("dev") && !ContainerUser.isNumber("0"))
    }

    @Test func archivesCanBeReadBack() throws {
        var tar = TarWriter()
        tar.add(directory: "d", mode: 0o700, owner: .init(user: 1000, group: 100))
        let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        tar.add(file: "d/file", content, mode: 0o755, owner: .root)
        let bytes = tar.finished()
        #expect(bytes.count % 512 == 0)
        #expect(TarReader.firstFile(of: bytes) == content)
        #expect(TarReader.firstFile(of: Array(bytes.prefix(1200))) == nil)
        #expect(TarReader.firstFile(of: []) == nil)
        let path = "/tmp/anycode-test-\(UInt32.random(in: .min ... .max)).tar"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(filePath: path))
        let process = Process()
        process.executableURL = URL(filePath: "/bin/tar")
        process.arguments = ["--numeric-owner", "-tvf", path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(text.contains("drwx------ 1000/100") && text.contains("-rwxr-xr-x 0/0") && text.contains("d/file"))
    }

    @Test(arguments: 1...16)
    func framesAreTakenApartHoweverTheyArrive(_ size: Int) throws {
        let bytes: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 3, 97, 98, 99, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 100]
        var frames = OutputFrames()
        var (output, error): ([UInt8], [UInt8]) = ([], [])
        for start in stride(from: 0, to: bytes.count, by: size) {
            for part in try frames.receive(Array(bytes[start..<min(start + size, bytes.count)])) {
                if part.stream == .standardError { error += part.bytes } else { output += part.bytes }
            }
        }
        #expect(output == [97, 98, 99] && error == [100])
        #expect(frames.isBetweenFrames)
        #expect(throws: EngineError.self) { try frames.receive([9, 9, 9, 9, 9, 9, 9, 9]) }
    }

    @Test func linesAreSplitHoweverTheyArrive() {
        var lines = JSONLines()
        #expect(lines.receive(Array("{\"a\"".utf8)).isEmpty)
        #expect(lines.receive(Array(":1}\r\n\n{}\n{".utf8)).map(\.count) == [8, 2])
        #expect(lines.finish() == Array("{".utf8))
        #expect(lines.finish() == nil)
        #expect(lines.receive([UInt8](repeating: 97, count: 2 << 20) + Array("\n{}\n".utf8)) == [Array("{}".utf8)])
    }

    @Test func datesOfAnswersAreRead() {
        #expect(EngineDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(EngineDate.seconds("Thu, 29 Feb 2024 00:00:00 GMT") == 1_709_164_800)
        #expect(EngineDate.seconds("yesterday") == nil)
    }

    @Test func versionsMeetInTheMiddle() throws {
        func common(_ lowest: String?, _ highest: String) throws -> String {
            try EngineVersion.common(with: .init(apiVersion: highest, minAPIVersion: lowest)).description
        }
        #expect(try common("1.12", "1.41") == "1.41")
        #expect(try common("1.40", "1.60") == EngineVersion.newest.description)
        #expect(try common(nil, "1.40") == "1.40")
        #expect(throws: EngineError.self) { try common("1.12", "1.39") }
        #expect(throws: EngineError.self) { try common("1.56", "1.60") }
        #expect(throws: EngineError.self) { try common("1.12", "new") }
    }

    @Test(arguments: [
        ("x: /lib/libc.so.6: version `GLIBC_2.35' not found (required by x)", "its glibc is too old"),
        ("exec /.anycode/bin/anycode-runner: no such file or directory", "it has no glibc"),
        ("exec user process caused: no such file or directory", "it has no glibc"),
        ("exec format error", "another processor"),
        (
            "/.anycode/bin/anycode-runner: error while loading shared libraries: libswiftCore.so: cannot open shared "
                + "object file: No such file or directory", "built for development"
        ),
        (
            "/.anycode/bin/anycode-runner: error while loading shared libraries: libm.so.6: cannot open shared "
                + "object file: No such file or directory", "lacks a library"
        ),
        ("error while loading shared libraries: libz.so.1: cannot open", "lacks a library"),
        ("unable to find user x: no matching entries", "names a user"),
    ])
    func failuresAreToldInWords(_ text: String, _ words: String) {
        guard case .error(let error) = StartFailure(text, image: "img", doing: "it failed") else {
            Issue.record("not an error")
            return
        }
        #expect(error.code == .misconfigured)
        #expect(error.message.contains(words) && error.hint != nil)
    }

    @Test func endsAreToldInWords() {
        func end(_ code: Int?, outOfMemory: Bool = false) -> SandboxExit {
            SandboxExit(
                .init(status: "exited", isRunning: false, outOfMemory: outOfMemory, exitCode: code, error: ""),
                sawOutOfMemory: false)
        }
        #expect(end(0).message == "the runner ended")
        #expect(end(1).message == "the runner ended with code 1")
        #expect(end(143).message == "the sandbox was ended by signal 15")
        #expect(end(137, outOfMemory: true).outOfMemory)
        #expect(!end(0, outOfMemory: true).outOfMemory)
        #expect(SandboxExit(nil, sawOutOfMemory: false).message == "the sandbox's container was removed")
    }

    @Test func targetsAreEncoded() {
        #expect(EngineCall(.get, "/images/a/b:c@d/json").target == "/images/a/b:c@d/json")
        #expect(
            EngineCall(.get, "/x", ["a": "{\"b\":[\"ü&=\"]}"]).target == "/x?a=%7B%22b%22%3A%5B%22%C3%BC%26%3D%22%5D%7D"
        )
    }

    @Test func portsAreHandedOutOnce() {
        let ports = HostPorts(40000...40002, looksAtMachine: false)
        #expect((0..<3).compactMap { _ in ports.reserve(except: [40001]) } == [40000, 40002])
        ports.release(40000)
        #expect(ports.reserve(except: [40001]) == 40000)
        #expect(ports.reserve(except: [40001]) == nil)
    }
}
