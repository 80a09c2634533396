// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// `ANYCODE_STRICT=1` makes warnings errors: `make check` and CI set it.
let isStrict = ProcessInfo.processInfo.environment["ANYCODE_STRICT"] == "1"

/// `ANYCODE_FUZZ=1` makes the fuzzer's program out of the targets that the tests replay: `make fuzz` sets it.
let isFuzzing = ProcessInfo.processInfo.environment["ANYCODE_FUZZ"] == "1"

func swiftSettings(_ features: [String]) -> [SwiftSetting] {
    features.map { .enableUpcomingFeature($0) } + (isStrict ? [.treatAllWarnings(as: .error)] : [])
}

let settings = swiftSettings([
    "ExistentialAny", "MemberImportVisibility", "InternalImportsByDefault", "NonisolatedNonsendingByDefault",
])

/// For modules on SwiftNIO, which declares the C library's `stat` once more: whether its members count as Glibc's or as a
/// module's that cannot be imported depends on which of a module's files is compiled first.
let settingsOnNIO = swiftSettings(["ExistentialAny", "InternalImportsByDefault", "NonisolatedNonsendingByDefault"])

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let supervision = Target.Dependency.product(name: "Supervision", package: "Supervision")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func executable(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func support(_ name: String, _ folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(folder)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let systemLibraries: [Target] = [
    .systemLibrary(
        name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
    .systemLibrary(
        name: "CMarkGFM", pkgConfig: "libcmark-gfm",
        providers: [.apt(["libcmark-gfm-dev", "libcmark-gfm-extensions-dev"]), .brew(["cmark-gfm"])]),
    .target(name: "CRunnerSystem"),
    .target(name: "CSandboxSystem"),
    .target(name: "CCrashMark"),
]

let modules: [Target] = [
    .target(
        name: "Migrations", path: "migrations",
        resources: [
            .embedInCode("0001_initial.sql"), .embedInCode("0002_people_and_waiting_tasks.sql"),
            .embedInCode("0003_threads_and_moved_chats.sql"),
        ],
        swiftSettings: settings),
    module("HTTPTransport", ["CCurl"]),
    module("AnycodeCore"),
    module("AnycodeJSON"),
    module("AnycodeStore", ["AnycodeCore", "Migrations", grdb, grdbSQLite]),
    module("AnycodeChat", ["AnycodeCore", "CMarkGFM", "HTTPTransport"]),
    module("AnycodeSandbox", ["AnycodeCore", "CSandboxSystem", "HTTPTransport"]),
    module("AnycodeAgent", ["AnycodeCore", "AnycodeJSON", "HTTPTransport"]),
    module("AnycodeRuntime", ["AnycodeCore", "AnycodeStore", supervision, logging]),
    module("AnycodeControl"),
    module(
        "AnycodeServer",
        [
            "AnycodeControl", "AnycodeCore", "AnycodeRuntime", "AnycodeStore", hummingbird, hummingbirdCore, logging,
            nioCore, httpTypes, serviceLifecycle, supervision,
        ]),
    module("AnycodeConfig", ["TOMLKit"]),
    .target(
        name: "AnycodeRunner",
        dependencies: ["AnycodeJSON", "CRunnerSystem", hummingbird, nioCore, nioPosix, logging, httpTypes],
        swiftSettings: settingsOnNIO),
]

let executables: [Target] = [
    executable(
        "anycode",
        [
            "AnycodeAgent", "AnycodeChat", "AnycodeConfig", "AnycodeControl", "AnycodeCore", "AnycodeRuntime",
            "AnycodeSandbox", "AnycodeServer", "AnycodeStore", "CCrashMark", "COpenSSL", "HTTPTransport",
            argumentParser, logging,
            serviceLifecycle, supervision, unixSignals,
        ]),
    executable("anycodectl", ["AnycodeControl", argumentParser]),
    executable("anycode-runner", ["AnycodeRunner"]),
    executable("anycode-demo-agent", ["CRunnerSystem"]),
    .executableTarget(
        name: "anycode-bench",
        dependencies: [
            "AnycodeAgent", "AnycodeCore", "AnycodeJSON", "AnycodeRuntime", "AnycodeStore", "CCurl", "HTTPTransport",
            "ScriptedModel", logging, supervision,
        ],
        path: "Benchmarks/anycode-bench", swiftSettings: settings),
]

let testSupport: [Target] = [
    support("TestSupport", "Support/Clock"),
    support("TestJSON", "Support/JSON"),
    support("HTTPTestSupport", "HTTPTestSupport"),
    support(
        "AnycodeSimulation", "Support/Simulation",
        ["AnycodeCore", "AnycodeRuntime", "AnycodeStore", "TestSupport", logging, supervision]),
    .executableTarget(
        name: "anycode-simulate", dependencies: ["AnycodeSimulation"], path: "Tests/Support/anycode-simulate",
        swiftSettings: settings),
    support("FakeTelegram", "Support/FakeTelegram", ["HTTPTestSupport", "TestJSON"]),
    support("ScriptedModel", "Support/ScriptedModel", ["TestJSON", nioCore, nioPosix, nioHTTP1]),
    .executableTarget(
        name: "scripted-model", dependencies: ["ScriptedModel", "TestJSON"], path: "Tests/Support/scripted-model",
        swiftSettings: settings),
    support(
        "Storm", "Support/Storm",
        ["AnycodeControl", "CSandboxSystem", "FakeTelegram", "HTTPTestSupport", "TestJSON"]),
    .executableTarget(
        name: "storm", dependencies: ["Storm", argumentParser], path: "Tests/Support/storm-command",
        swiftSettings: settings),
    support("FakeAgentServers", "Support/FakeAgentServers", ["HTTPTestSupport", "TestJSON"]),
    support("FakeGitHub", "Support/FakeGitHub", ["HTTPTestSupport", "TestJSON"]),
    .executableTarget(
        name: "fake-agent-servers", dependencies: ["FakeAgentServers"], path: "Tests/Support/fake-agent-servers",
        swiftSettings: settings),
    .executableTarget(
        name: "storm-agent", dependencies: ["TestJSON"], path: "Tests/Support/storm-agent", swiftSettings: settings),
    .executableTarget(
        name: "test-agent", dependencies: ["TestJSON"], path: "Tests/Support/test-agent", swiftSettings: settings),
]

let testTargets: [Target] = [
    tests("AnycodeCoreTests", ["AnycodeCore"]),
    tests("HTTPTransportTests", ["HTTPTransport", "HTTPTestSupport"]),
    tests("AnycodeJSONTests", ["AnycodeJSON"]),
    tests("AnycodeStoreTests", ["AnycodeCore", "AnycodeStore", "Migrations", grdb]),
    tests(
        "AnycodeChatTests",
        ["AnycodeChat", "AnycodeCore", "FakeTelegram", "HTTPTransport", "TestJSON", "TestSupport"]),
    tests(
        "AnycodeSandboxTests",
        [
            "AnycodeCore", "AnycodeSandbox", "CSandboxSystem", "HTTPTestSupport", "HTTPTransport", "anycode-runner",
        ]),
    tests(
        "AnycodeAgentTests",
        ["AnycodeAgent", "AnycodeCore", "AnycodeJSON", "FakeGitHub", "HTTPTransport", "HTTPTestSupport"]),
    tests(
        "AnycodeRuntimeTests",
        [
            "AnycodeControl", "AnycodeCore", "AnycodeRuntime", "AnycodeServer", "AnycodeSimulation", "AnycodeStore",
            "TestSupport", grdb, logging, supervision,
        ]),
    tests("AnycodeControlTests", ["AnycodeControl"]),
    tests(
        "AnycodeServerTests",
        ["AnycodeControl", "AnycodeCore", "AnycodeRuntime", "AnycodeServer", "AnycodeStore", logging, supervision]),
    tests("AnycodeConfigTests", ["AnycodeConfig"]),
    .testTarget(
        name: "AnycodeRunnerTests",
        dependencies: [
            "AnycodeAgent", "AnycodeCore", "AnycodeJSON", "AnycodeRunner", "ScriptedModel", "TestJSON", "TestSupport",
            "anycode-runner",
            "anycode-demo-agent", "fake-agent-servers", nioCore, nioPosix,
        ],
        exclude: ["ClaudeCode/Transcripts", "Codex/Transcripts"], swiftSettings: settings),
    tests(
        "IntegrationTests",
        [
            "AnycodeChat", "AnycodeControl", "AnycodeCore", "AnycodeRuntime", "AnycodeStore", "CSandboxSystem",
            "FakeGitHub", "FakeTelegram", "HTTPTestSupport", "HTTPTransport", "ScriptedModel", "TestJSON",
            "TestSupport", "anycode", "anycode-demo-agent", "anycode-runner", "anycodectl", "fake-agent-servers",
            "storm", "storm-agent", "test-agent", grdb, logging, supervision,
        ]),
    tests("TestSupportTests", ["Storm", "TestSupport"]),
    tests("ScriptedModelTests", ["ScriptedModel", "TestJSON", "TestSupport", "test-agent"]),
]

let fuzzedModules: [Target.Dependency] = [
    "AnycodeAgent", "AnycodeChat", "AnycodeConfig", "AnycodeCore", "AnycodeJSON", "AnycodeRunner", "AnycodeRuntime",
    "AnycodeSandbox", "FakeTelegram", "HTTPTransport", "TestJSON",
]
let fuzzing: Target =
    isFuzzing
    ? .executableTarget(
        name: "anycode-fuzz", dependencies: fuzzedModules, path: "Tests/FuzzingTests",
        exclude: ["Corpus", "CorpusTests.swift"], swiftSettings: settings)
    : .testTarget(
        name: "FuzzingTests", dependencies: fuzzedModules, exclude: ["Corpus", "FuzzerEntry.swift"],
        swiftSettings: settings)

let package = Package(
    name: "anycode",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "anycode", targets: ["anycode"]),
        .executable(name: "anycodectl", targets: ["anycodectl"]),
        .executable(name: "anycode-runner", targets: ["anycode-runner"]),
        .executable(name: "anycode-demo-agent", targets: ["anycode-demo-agent"]),
    ],
    dependencies: [
        .package(path: "Supervision"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: systemLibraries + modules + executables + testSupport + testTargets + [fuzzing]
)
