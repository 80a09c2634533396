#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How the official program is started, so that neither the repository nor the program's own habits decide anything.
struct CodexProgram: Sendable {
    let launch: AgentLaunch

    /// Where the program keeps its state: `CODEX_HOME`, else `.codex` in the private home.
    init(_ launch: AgentLaunch) throws(RunnerError) {
        let environment = launch.environment
        let home = environment["CODEX_HOME"] ?? environment["HOME"].map { $0 + "/.codex" }
        guard let home, home.hasPrefix("/") else {
            throw RunnerError(.invalid, "Codex needs a home directory for its state.", hint: "Set HOME or CODEX_HOME.")
        }
        try makeDirectory(home)
        chmod(home, 0o700)
        var launch = launch
        launch.environment["CODEX_HOME"] = home
        // What the program logs goes to its standard error, of which the end is shown when it fails.
        if environment["RUST_LOG"] == nil { launch.environment["RUST_LOG"] = "off" }
        let own = readSmallFile(home + "/config.toml").map { String(decoding: $0, as: UTF8.self) } ?? ""
        launch.arguments += ["app-server"]
        launch.arguments += Self.settings(environment, directory: launch.directory, file: own)
            .flatMap { ["-c", $0] }
        self.launch = launch
    }

    /// Settings that win over every configuration file, as `key=TOML value`. No secret may be among them.
    static func settings(_ environment: [String: String], directory: String, file: String) -> [String] {
        var settings = [
            "projects={\(trust(directory, isTrusted: NativeAgent.trustsRepository(environment)))}",
            "analytics.enabled=false", "feedback.enabled=false",
            "check_for_update_on_startup=false", "features.in_app_updates=false",
            // A snapshot of the shell would keep the environment, keys included, on the disk.
            "features.shell_snapshot=false", "features.skill_mcp_dependency_install=false",
            // Questions outside the plan mode.
            "features.default_mode_request_user_input=true", "suppress_unstable_features_warning=true",
        ]
        if let model = environment["CODEX_MODEL"] ?? environment["OPENAI_MODEL"], !model.isEmpty {
            settings.append("model=\(jsonString(model))")
        }
        // Who wrote a provider into the file knows better.
        guard !file.contains("model_provider"), let key = keyName(environment) else { return settings }
        let base = environment["OPENAI_BASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        // By the name “OpenAI” the program expects what only OpenAI's own servers offer.
        let name = base == nil ? "OpenAI" : "OpenAI-compatible"
        let provider = [
            "name=\(jsonString(name))", "base_url=\(jsonString(base ?? "https://api.openai.com/v1"))",
            "env_key=\(jsonString(key))", #"wire_api="responses""#, "supports_websockets=false",
            // As the program's own provider has them; a variable that is not set sends no header.
            #"env_http_headers={OpenAI-Organization="OPENAI_ORGANIZATION",OpenAI-Project="OPENAI_PROJECT"}"#,
        ]
        return settings + [
            #"model_provider="anycode""#, "model_providers.anycode={\(provider.joined(separator: ","))}",
        ]
    }

    /// The variable that holds the key; nil for a login that is kept in `auth.json`.
    private static func keyName(_ environment: [String: String]) -> String? {
        ["OPENAI_API_KEY", "CODEX_API_KEY"].first { !(environment[$0] ?? "").isEmpty }
    }

    /// The workspace under each name it may be asked for.
    private static func trust(_ directory: String, isTrusted: Bool) -> String {
        var names = [directory]
        if let real = realpath(directory, nil) {
            let name = String(cString: real)
            free(real)
            if name != directory { names.append(name) }
        }
        let level = isTrusted ? "trusted" : "untrusted"
        return names.map { #"\#(jsonString($0))={trust_level="\#(level)"}"# }.joined(separator: ",")
    }
}

/// Empty directories that the program makes in a workspace and forgets, seen after an interrupt.
struct CodexLeftovers: Sendable {
    private let candidates: [String]

    /// Those that are there already belong to the workspace.
    init(in directory: String) {
        candidates = [".git", ".codex", ".aws", ".agents"].map { "\(directory)/\($0)" }
            .filter { access($0, F_OK) != 0 }
    }

    /// Removes what is still empty.
    func remove() {
        for path in candidates { rmdir(path) }
    }
}
