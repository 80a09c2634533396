import Testing

@testable import AnycodeControl

@Suite struct OperationsRenderingTests {
    @Test func resourcesAreDrawnWithTheirRemedy() {
        let list = ResourceList(
            resources: [
                .init(
                    lease: "aaaabbbbccccdddd", provider: "local", name: "/s/a", state: "created", isRunning: true,
                    owner: "session 3f9a1c20 of Ana", session: "3f9a1c20", age: 240, isOrphan: false,
                    reason: "its session is working", remedy: "anycodectl cancel 3f9a1c20"),
                .init(
                    lease: "ffff", provider: "local", state: "unknown", age: 7_200, isOrphan: true,
                    reason: "no record knows it", remedy: "anycodectl restart upkeep/reaper"),
            ], problems: ["Provider docker is away"])
        #expect(
            render(list, .plain).joined(separator: "\n") == """
                ! Provider docker is away
                LEASE     PROVIDER  STATE          AGE    OWNER                    WHY IT LIVES            TO END IT
                aaaabbbb  local     created, runs  4 min  session 3f9a1c20 of Ana  its session is working  anycodectl cancel 3f9a1c20
                ffff      local     unknown        2 h    nobody                   no record knows it      anycodectl restart upkeep/reaper
                """)
        #expect(render(ResourceList(), .plain) == ["No resources."])
    }

    @Test func drainSaysWhatIsLeft() {
        let nothing = DrainAnswer(ended: 1, left: [], resources: ResourceList())
        #expect(render(nothing, .plain) == ["Intake is closed; 1 session ended.", "Nothing is left."])
        let trouble = DrainAnswer(ended: 2, left: [], resources: ResourceList(problems: ["docker is away"]))
        #expect(!trouble.leavesNothing)
        #expect(render(trouble, .plain).contains("! docker is away"))
    }

    @Test func logJoinsWhatWasCut() {
        var text = LogText(.plain)
        let pieces: [LogEntry] = [
            .init(kind: .prompt, words: "Ana: fix\nit"), .init(kind: .text, words: "I w"),
            .init(kind: .text, words: "ill\nnow"), .init(kind: .tool, words: "Read a\u{1B}[31m (completed)"),
            .init(kind: .text, words: "done"),
        ]
        let drawn = pieces.map { text.text(for: $0) }.joined() + text.lineEnd()
        #expect(
            drawn == """
                > Ana: fix
                  it
                I will
                now
                * Read a\u{FFFD}[31m (completed)
                done

                """)
    }

    @Test func eventsNameShortIds() {
        let event = TreeEvent(
            sequence: 1, time: 0, path: "sessions/3f9a1c20aaaabbbbccccddddeeeeffff/stream", kind: "exited",
            words: "failed: cut", isFailure: true)
        #expect(render(event, .plain)[0].hasSuffix("  sessions/3f9a1c20/stream  failed: cut"))
        #expect(timeOfDay(.infinity) == "??:??:??")
    }

    @Test func versionsThatDifferAreTold() {
        let same = VersionReport(anycodectl: "1", daemon: DaemonVersion(version: "1", pid: 7, uptime: 5))
        #expect(render(same, .plain) == ["anycodectl 1", "anycode 1, process 7, up 5 s"])
        let other = VersionReport(anycodectl: "2", daemon: same.daemon)
        #expect(render(other, .plain).count == 3)
        #expect(render(VersionReport(anycodectl: "2", daemon: nil), .plain) == ["anycodectl 2"])
    }

    @Test func findingsAreMarked() {
        let findings = [Finding(.fine, "tree", "every part runs"), Finding(.failed, "disk", "full")]
        #expect(render(findings, .plain) == ["✓ tree  every part runs", "✗ disk  full"])
    }

    @Test func aSaveShowsItsAge() {
        let tree = TreeNode(
            id: "root", uptime: 5,
            children: [TreeNode(id: "save", kind: "save", uptime: 150, details: ["status": "3 files"])])
        #expect(render(tree, .plain)[1] == "└ save  3 files, 2 min ago")
    }
}
