package import AnycodeCore

/// How programs in a sandbox may use a token of GitHub's.
package enum GitHubAccess {
    /// What `gh` and `git push` of an agent need: git asks a helper that reads the token from its environment, so that it
    /// is in no file. Other helpers, which could write it to one, are forgotten for this host.
    package static func environment(_ token: Secret, host: String) -> [String: Secret] {
        let helper =
            #"!f() { test "$1" = get && printf 'username=x-access-token\npassword=%s\n' "$GITHUB_TOKEN"; }; f"#
        // In pairs; the names of the variables are git's.
        let key = Secret("credential.https://\(host).helper")
        var variables: [String: Secret] = [
            "GITHUB_TOKEN": token, "GIT_CONFIG_COUNT": Secret("2"),
            "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": Secret(""),
            "GIT_CONFIG_KEY_1": key, "GIT_CONFIG_VALUE_1": Secret(helper),
        ]
        if host != "github.com" {
            variables["GH_HOST"] = Secret(host)
            variables["GH_ENTERPRISE_TOKEN"] = token
        }
        return variables
    }
}
