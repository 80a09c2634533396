package import AnycodeCore
import HTTPTransport

/// What an Engine is and has, for those who set up a daemon.
package struct DockerSurroundings: Hashable, Sendable {
    /// The Engine's own version: `28.2.2`.
    package let engineVersion: String
    /// Where it listens: `unix:///var/run/docker.sock`.
    package let host: String
    /// Whether the configured image is there already; else it is pulled for the first task.
    package let hasImage: Bool
}

extension DockerSandboxProvider {
    /// Asks the Engine.
    ///
    /// - Throws: `SandboxError` when it does not answer or is too old.
    package func surroundings() async throws(SandboxError) -> DockerSurroundings {
        struct Version: Decodable {
            let version: String?

            private enum CodingKeys: String, CodingKey {
                case version = "Version"
            }
        }
        return try await calling("asking the Engine for its version") { () throws(EngineError) in
            let version = try await self.engine.get(Version.self, EngineCall(.get, "/version"))
            let image = try await self.engine.image(self.configuration.image)
            return DockerSurroundings(
                engineVersion: version.version ?? "of unknown version", host: "\(self.engine.host)",
                hasImage: image != nil)
        }
    }
}
