import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct ChatCommandTests {
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
        ("/agents", .agents), ("/help", .help), ("/start", .start), ("/start payload", .start),
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
