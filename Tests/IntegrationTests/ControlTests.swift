import Foundation
import Testing

/// The control socket and its tool, the lock on the database, the configuration's checks.
@Suite struct ControlTests {
    @Test func theSocketIsTheOwnersAlone() async throws {
        try await Installation.with { installation in
            try installation.configure()
            let daemon = try installation.daemon()
            try await installation.isReady()
            let attributes = try FileManager.default.attributesOfItem(atPath: installation.socket)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
            #expect(!FileManager.default.fileExists(atPath: installation.socket))
        }
    }

    @Test func aSecondDaemonNamesTheFirst() async throws {
        try await Installation.with { installation in
            try installation.configure()
            let daemon = try installation.daemon()
            try await installation.isReady()
            let second = try await installation.run("anycode", "run", "--config", installation.configuration)
            #expect(second.code == 69)
            #expect(second.errors.contains("\(daemon.pid)"), "\(second.errors)")
            #expect(try await installation.run("anycodectl", "version").output.contains("\(daemon.pid)"))
        }
    }

    @Test func exitCodesOfTheTool() async throws {
        try await Installation.with { installation in
            let alone = try await installation.run("anycodectl", "tree")
            #expect(alone.code == 3)
            #expect(alone.errors.contains(installation.socket), "\(alone.errors)")
            try installation.configure()
            let daemon = try installation.daemon()
            try await installation.isReady()
            #expect(try await installation.run("anycodectl", "sessions").code == 0)
            #expect(try await installation.run("anycodectl", "tree", "--json").code == 0)
            #expect(try await installation.run("anycodectl", "show", "ffffffff").code == 4)
            #expect(try await installation.run("anycodectl", "cancel", "ffffffff").code == 4)
            #expect(try await installation.run("anycodectl", "frobnicate").code == 2)
            #expect(try await installation.run("anycodectl", "show").code == 2)
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
            #expect(try await installation.run("anycodectl", "version").code == 3)
        }
    }

    @Test func cancellingByTheToolSavesAndTellsTheChat() async throws {
        try await Installation.with { installation in
            try installation.configure()
            let daemon = try installation.daemon()
            daemon.enter("/task greet warm")
            let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
            try await daemon.press("Always allow")
            try await daemon.expect("May it. `sh scripts/check-welcome.sh`")
            #expect(try await installation.run("anycodectl", "cancel", String(session.prefix(5))).code == 0)
            #expect(await daemon.says("cancelled, sandbox removed"))
            #expect(await daemon.says("Cancelled: by .*2 files changed"))
            #expect(Sandbox.all(in: installation.sandboxes).isEmpty)
        }
    }

    @Test func theDoctorIsContentWithAGoodConfiguration() async throws {
        try await Installation.with { installation in
            try installation.configure()
            let doctor = try await installation.run("anycode", "doctor", "--config", installation.configuration)
            #expect(doctor.code == 0, "\(doctor.output)\(doctor.errors)")
            #expect(doctor.output.contains("✓ bubblewrap"))
            #expect(doctor.output.contains("✓ runner"))
        }
    }

    @Test(arguments: ["run", "doctor"]) func aWrongConfigurationIsRefusedByFileLineAndKey(_ verb: String) async throws {
        try await Installation.with { installation in
            let file = try installation.write(
                "[console]\nenabled = true\n[sandbox]\nprovider = \"local\"\n[session]\nmax_concurent = 2\n",
                to: "wrong.toml")
            let refused = try await installation.run("anycode", verb, "--config", file)
            #expect(refused.code == 78)
            #expect(refused.errors.contains("\(file):6: session.max_concurent"), "\(refused.errors)")
            #expect(refused.errors.contains("max_concurrent"))
        }
    }

    @Test func aMissingConfigurationIsNamed() async throws {
        try await Installation.with { installation in
            let refused = try await installation.run("anycode", "run", "--config", installation.path + "/none.toml")
            #expect(refused.code == 78)
            #expect(refused.errors.contains("none.toml"), "\(refused.errors)")
        }
    }
}
