import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct ChatCommandTests {
    @Test(
        arguments: [
            ("/resume", nil, ""), ("/resume 3f9a1c20", "3f9a1c20", ""),
            ("/resume 3F9A  and then\ntest it", "3f9a", "and then\ntest it"),
            ("/resume add tests", nil, "add tests"), ("/resume decade", nil, "decade"),
            ("/resume deadbeef now", "deadbeef", "now"),
        ] as [(String, String?, String)])
    func resumeTakesAnIDOrWords(_ text: String, _ prefix: String?, _ words: String) {
        #expect(ChatCommand.parse(text, agents: []) == .resume(prefix: prefix, text: words))
    }

    private static let agents = [AgentName("claude-code"), AgentName("codex")]

    @Test(arguments: [
        ("/task fix it", ChatCommand.task(agent: nil, prompt: "fix it")),
        ("/task codex fix it", .task(agent: AgentName("codex"), prompt: "fix it")),
        ("/task Claude-Code  fix\nthis", .task(agent: AgentName("claude-code"), prompt: "fix\nthis")),
        ("/task demo the page", .task(agent: nil, prompt: "demo the page")),
        ("/task codexes are nice", .task(agent: nil, prompt: "codexes are nice")),
        ("/task@mybot fix it", .task(agent: nil, prompt: "fix it")),
        ("/TASK fix it", .task(agent: nil, prompt: "fix it")),
        ("/task", .task(agent: nil, prompt: "")),
        ("/task codex", .task(agent: AgentName("codex"), prompt: "")),
        ("  /status  ", .status),
        ("/cancel", .cancel(prefix: nil)), ("/cancel 4F2a", .cancel(prefix: "4f2a")),
        ("/stop 12 now", .stop(prefix: "12")), ("/diff", .diff(prefix: nil)),
        ("/agents", .agents), ("/help", .help), ("/start", .start("")), ("/start payload", .start("payload")),
        ("/repo", .repository(nil)), ("/repo org/site", .repository("org/site")), ("/repo off", .repository("off")),
        ("/mode", .choose(.mode, nil)), ("/mode plan only", .choose(.mode, "plan only")),
        ("/model x", .choose(.model, "x")), ("/pair 12AB-34CD", .pair("12AB-34CD")),
        ("/admit 42 Bo", .admit("42 Bo")), ("/members", .members), ("/revoke 42", .revoke("42")),
        ("hello", .plain("hello")), ("", .plain("")), (" \n ", .plain("")),
        ("//compact now", .plain("/compact now")), ("//task x", .plain("/task x")), ("//", .plain("/")),
        ("/compact now", .unknown(name: "compact", text: "/compact now")),
        ("/", .unknown(name: "", text: "/")), ("/tasks", .unknown(name: "tasks", text: "/tasks")),
        ("a /task in the middle", .plain("a /task in the middle")),
    ])
    func everyFormIsUnderstood(_ text: String, _ command: ChatCommand) {
        #expect(ChatCommand.parse(text, agents: Self.agents) == command)
    }
}
