import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct RepositoryDetectionTests {
    struct Found: Sendable, CustomTestStringConvertible {
        let text: String
        let url: String
        let branch: String?
        let pull: Int?

        init(_ text: String, _ url: String, branch: String? = nil, pull: Int? = nil) {
            (self.text, self.url, self.branch, self.pull) = (text, url, branch, pull)
        }

        var testDescription: String { text }
    }

    @Test(arguments: [
        // GitHub
        Found("fix https://github.com/org/repo please", "https://github.com/org/repo.git"),
        Found("http://github.com/org/repo", "https://github.com/org/repo.git"),
        Found("https://github.com/org/repo.git", "https://github.com/org/repo.git"),
        Found("https://github.com/org/repo/", "https://github.com/org/repo.git"),
        Found("https://www.github.com/org/repo", "https://github.com/org/repo.git"),
        Found("HTTPS://GitHub.com/Org/Repo", "https://github.com/Org/Repo.git"),
        Found("github.com/org/repo: the login is broken", "https://github.com/org/repo.git"),
        Found("see (https://github.com/org/repo).", "https://github.com/org/repo.git"),
        Found("<https://github.com/org/repo>", "https://github.com/org/repo.git"),
        Found("[repo](https://github.com/org/repo)", "https://github.com/org/repo.git"),
        Found("**https://github.com/org/repo**", "https://github.com/org/repo.git"),
        Found("https://github.com/org/repo?tab=readme#usage", "https://github.com/org/repo.git"),
        Found("https://github.com/org/repo/tree/main", "https://github.com/org/repo.git", branch: "main"),
        Found(
            "https://github.com/org/repo/tree/feature/login", "https://github.com/org/repo.git", branch: "feature/login"
        ),
        Found("https://github.com/org/repo/tree/feat%2Fx", "https://github.com/org/repo.git", branch: "feat/x"),
        Found("https://github.com/org/repo/blob/dev/src/a.swift#L3", "https://github.com/org/repo.git", branch: "dev"),
        Found("https://github.com/org/repo/pull/12", "https://github.com/org/repo.git", pull: 12),
        Found("https://github.com/org/repo/pull/12/files", "https://github.com/org/repo.git", pull: 12),
        Found("https://github.com/org/repo/issues/7", "https://github.com/org/repo.git"),
        Found("https://github.com/org/repo/actions/runs/1", "https://github.com/org/repo.git"),
        Found("https://github.com/org/tree", "https://github.com/org/tree.git"),
        Found("https://github.com/org/my.repo_x-1", "https://github.com/org/my.repo_x-1.git"),
        Found("https://github.example.com/org/repo/pull/3", "https://github.example.com/org/repo.git", pull: 3),
        // GitLab
        Found("https://gitlab.com/group/project", "https://gitlab.com/group/project.git"),
        Found("https://gitlab.com/group/sub/project", "https://gitlab.com/group/sub/project.git"),
        Found(
            "https://gitlab.com/group/sub/project/-/tree/dev", "https://gitlab.com/group/sub/project.git", branch: "dev"
        ),
        Found("https://gitlab.com/g/p/-/tree/feature/x", "https://gitlab.com/g/p.git", branch: "feature/x"),
        Found("https://gitlab.com/g/p/-/merge_requests/3", "https://gitlab.com/g/p.git", pull: 3),
        Found("https://gitlab.com/g/p/-/merge_requests/3/diffs", "https://gitlab.com/g/p.git", pull: 3),
        Found("https://gitlab.com/g/p/-/issues/3", "https://gitlab.com/g/p.git"),
        Found(
            "https://gitlab.example.org/g/p/-/blob/main/README.md", "https://gitlab.example.org/g/p.git", branch: "main"
        ),
        Found("gitlab.com/g/p", "https://gitlab.com/g/p.git"),
        // any host
        Found("clone https://git.example.com/team/x.git", "https://git.example.com/team/x.git"),
        Found("https://git.example.com:8443/team/x.git", "https://git.example.com:8443/team/x.git"),
        Found("http://git.example.com/team/x.git", "http://git.example.com/team/x.git"),
        // ssh
        Found("git@github.com:org/repo.git", "git@github.com:org/repo.git"),
        Found("use git@gitlab.com:g/sub/p.git, please", "git@gitlab.com:g/sub/p.git"),
        Found("ssh://git@host.example/team/x.git", "ssh://git@host.example/team/x.git"),
        Found("ssh://git@host.example:2222/team/x.git", "ssh://git@host.example:2222/team/x.git"),
        // shorthand
        Found("fix the login in org/repo", "https://github.com/org/repo.git"),
        Found("org/repo: fix the login", "https://github.com/org/repo.git"),
        Found("in `org/repo`, fix it", "https://github.com/org/repo.git"),
        Found("org/repo.git", "https://github.com/org/repo.git"),
        Found("vapor/postgres-nio needs tests", "https://github.com/vapor/postgres-nio.git"),
        Found("swiftlang/swift", "https://github.com/swiftlang/swift.git"),
        Found("vercel/next.js is slow", "https://github.com/vercel/next.js.git"),
        Found("the bug in 3b1b/manim", "https://github.com/3b1b/manim.git"),
        Found("change src/main.c of org/repo", "https://github.com/org/repo.git"),
        Found("either/or fix org/repo", "https://github.com/org/repo.git"),
        // a URL wins over a shorthand
        Found("like a/x but in https://github.com/org/repo", "https://github.com/org/repo.git"),
    ])
    func findsRepositories(_ expected: Found) throws {
        let found = try #require(RepositoryDetection.find(in: expected.text), "nothing found in \(expected.text)")
        #expect(found.source.url == expected.url)
        #expect(found.source.branch == expected.branch)
        #expect(found.source.pull == expected.pull)
        #expect(!found.isLocal)
    }

    @Test(arguments: [
        "fix the login", "", "and/or", "either/or", "AND/OR", "read/write access", "the client/server split",
        "TCP/IP stack",
        "input/output", "on 12/24 we met", "12/24/2025", "2025/01", "1/2 of it", "3/4", "24/7", "50/50", "src/main",
        "src/main.swift", "edit Sources/App", "lib/foo.rb", "docs/guide.md", "a/b/c", "/usr/bin", "/etc/passwd",
        "./org/repo",
        "../org/repo", "~/code/app", "org/", "/repo", "//", "/", "feature/login", "fix/typo", "release/1.2",
        "refs/heads",
        "origin/main", "upstream/main", "node_modules/react", "packages/core", "test/unit", "the file foo/bar",
        "in folder foo/bar",
        "directory build/out", "mail ana@example.com", "ana@example.com/work", "https://example.com",
        "https://example.com/a",
        "https://example.com/a/b", "https://github.com", "https://github.com/org", "https://github.com/login/oauth/",
        "https://user:token@github.com/org/repo", "https://token@github.com/org/repo.git",
        "https://github.com/features/actions",
        "https://github.com/orgs/acme/people", "https://github.com/settings/tokens",
        "https://gist.github.com/ana/123abc",
        "https://github.com/topics/swift", "https://github.com/../etc/passwd", "ssh://git:secret@host/team/x.git",
        "ssh://-oProxyCommand=x/team/x.git", "ssh://git@-oProxyCommand/team/x.git", "ssh://!::x/team/x.git",
        "text/html", "application/json", "image/png", "N/A", "w/o tests", "he/she", "km/h", "his/hers", "10km/h",
        "yes/no",
        "CI/CD pipeline", "UI/UX", "A/B test", "I/O", "24/7", "TCP/UDP", "Linux/macOS", "iOS/Android", "true/false",
        "HTTP/2",
        "HTTP/1.1", "x/y", "foo//bar", "-org/repo", "org-/repo", "o--rg/repo", "örg/repo", "http/2",
        "frontend/backend", "front/back", "dev/prod", "build/test", "lint/test", "try/catch", "if/else", "GET/POST",
        "win/mac",
        "@types/node", "@org/pkg", "s3://bucket/key", "file:///home/ana/x.git", "postgres://localhost/db",
        "main/master", "key/value", "this/that", "him/her", "day/night", "and / or", "pros/cons", "stdin/stdout",
        "JSON/YAML",
        "week/month", "his/her", "left/right", "up/down", "bug/feature", "bugs/features", "issue/PR", "issues/PRs",
        "/task/x",
        "rw/ro", "hit/miss", "mock/stub", "red/green", "light/dark", "unit/integration", "ACP/HTTP", "and/or/not",
    ])
    func everydayTextNamesNone(_ text: String) {
        #expect(RepositoryDetection.find(in: text) == nil)
    }

    @Test func anAnswerToTheQuestionNeedsNoFurtherSigns() {
        #expect(RepositoryDetection.only(in: " org/repo ")?.source.url == "https://github.com/org/repo.git")
        #expect(RepositoryDetection.only(in: "https://gitlab.com/g/p/-/tree/dev")?.source.branch == "dev")
        #expect(RepositoryDetection.only(in: "client/server")?.source.url == "https://github.com/client/server.git")
        for text in [
            "", "no", "the one from yesterday", "org/repo or so", "/etc/passwd", "../x", "a/b/c",
            "https://u:p@github.com/o/r",
        ] {
            #expect(RepositoryDetection.only(in: text) == nil, "\(text)")
        }
    }

    @Test func spellingIsWhatThePersonWrote() {
        #expect(RepositoryDetection.find(in: "in org/repo.")?.spelling == "org/repo")
        #expect(
            RepositoryDetection.find(in: "(https://github.com/org/repo)")?.spelling == "https://github.com/org/repo")
    }
}
