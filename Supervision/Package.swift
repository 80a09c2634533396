// swift-tools-version: 6.2
import PackageDescription

var settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// Dependents build this package by path, and a newer compiler's warnings must not break them.
if Context.environment["ANYCODE_STRICT"] == "1" {
    settings.append(.treatAllWarnings(as: .error))
}

let package = Package(
    name: "Supervision",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Supervision", targets: ["Supervision"])
    ],
    targets: [
        .target(name: "Supervision", swiftSettings: settings),
        .testTarget(name: "SupervisionTests", dependencies: ["Supervision"], swiftSettings: settings),
    ]
)
