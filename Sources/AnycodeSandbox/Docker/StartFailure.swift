import AnycodeCore

/// Why a container did not come up, from the words of the Engine, the kernel and the dynamic loader.
enum StartFailure: Hashable, Sendable {
    /// Another program has the port.
    case portTaken
    case missingNetwork
    case error(SandboxError)

    /// - Parameters:
    ///   - text: The Engine's message or the container's last lines.
    ///   - doing: How the message begins when nothing is recognised.
    init(_ text: String, image: String, doing what: String) {
        func says(_ words: String) -> Bool { text.lowercased().contains(words) }
        if says("port is already allocated") || says("address already in use") || says("address in use") {
            self = .portTaken
        } else if says("network") && says("not found") {
            self = .missingNetwork
        } else if says("glibc_") && says("not found") {
            self = .error(Self.unfit(image, "its glibc is too old for the runner"))
        } else if says("error while loading shared libraries: libswift") {
            self = .error(
                SandboxError(
                    .misconfigured, "the runner was built for development and runs on this machine only",
                    hint: "Build one for containers: make build, then start .build/release/anycode."))
        } else if says("error while loading shared libraries") {
            self = .error(Self.unfit(image, "it lacks a library: \(EngineError.line(text))"))
        } else if says("no such file or directory") && (says("exec") || says(ContainerPlan.runner)) {
            self = .error(Self.unfit(image, "it has no glibc for the runner"))
        } else if says("exec format error") {
            self = .error(
                SandboxError(
                    .misconfigured, "the image \(image) is for another processor than the runner",
                    hint: "Pull it for this machine's processor, or install the runner that fits."))
        } else if says("unable to find user") {
            self = .error(
                SandboxError(
                    .misconfigured, "the image \(image) names a user that it does not have",
                    hint: "Mend USER in its Dockerfile."))
        } else {
            self = .error(SandboxError(.failed, text.isEmpty ? what : "\(what): \(EngineError.line(text))"))
        }
    }

    private static func unfit(_ image: String, _ why: String) -> SandboxError {
        SandboxError(
            .misconfigured, "the image \(image) cannot run the runner: \(why)",
            hint: "Use an image with glibc 2.35 or later, as Debian 12 or Ubuntu 22.04; Alpine has none.")
    }
}
