import Foundation

/// `sandbox-agent server --host H --port P --token T`: carries what comes to that port to the fake.
package enum FakeSandboxAgentCommand {
    package static func run(_ arguments: [String]) -> Never {
        func value(_ name: String) -> String? {
            arguments.firstIndex(of: name).flatMap { arguments.indices.contains($0 + 1) ? arguments[$0 + 1] : nil }
        }
        guard arguments.first == "server", value("--host") == "127.0.0.1",
            let port = value("--port").flatMap(UInt16.init)
        else {
            FileHandle.standardError.write(Data("fake sandbox-agent: server --host H --port P --token T\n".utf8))
            exit(2)
        }
        let isOld = ProcessInfo.processInfo.environment["FAKE_SANDBOX_AGENT"] == "0.1"
        let token = value("--token")
        if isOld, let server = try? FakeOldSandboxAgent(token: token) { forward(port, to: UInt16(server.port)) }
        guard let server = try? FakeSandboxAgent(token: token) else { exit(1) }
        forward(port, to: UInt16(server.port))
    }

    /// Copies bytes both ways, so that a test's port is the one that was asked for.
    private static func forward(_ port: UInt16, to target: UInt16) -> Never {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard withAddress(port, { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
            FileHandle.standardError.write(Data("fake sandbox-agent: the port is taken\n".utf8))
            exit(1)
        }
        while true {
            let inner = accept(listener, nil, nil)
            if inner < 0 { continue }
            let outer = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard withAddress(target, { connect(outer, $0, $1) }) == 0 else { exit(1) }
            for (from, to) in [(inner, outer), (outer, inner)] {
                let thread = Thread {
                    var buffer = [UInt8](repeating: 0, count: 1 << 16)
                    while true {
                        let count = recv(from, &buffer, buffer.count, 0)
                        guard count > 0, send(to, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
                    }
                    shutdown(to, Int32(SHUT_WR))
                    shutdown(from, Int32(SHUT_RD))
                }
                thread.start()
            }
        }
    }

    private static func withAddress(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
