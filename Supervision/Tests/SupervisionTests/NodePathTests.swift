import Testing

@testable import Supervision

@Suite struct NodePathTests {
    @Test(arguments: [
        ("sessions/ab12", ["sessions", "ab12"]),
        ("/sessions//ab12/", ["sessions", "ab12"]),
        ("", []),
        ("a%2Fb/c", ["a/b", "c"]),
        ("100%25/x", ["100%", "x"]),
        ("odd%zz", ["odd%zz"]),
        ("%", ["%"]),
    ]) func readsText(_ text: String, _ components: [String]) {
        #expect(NodePath(text).components == components)
    }

    @Test(arguments: [["a"], ["a/b", "c%d"], ["%2F"], ["", "x"].filter { !$0.isEmpty }, ["ä/ö", "日本%"]])
    func textIsReadBackTheSame(_ components: [String]) {
        #expect(NodePath(NodePath(components).description).components == components)
    }

    @Test func growsByComponents() {
        let path: NodePath = "sessions"
        #expect(path.appending("a/b").description == "sessions/a%2Fb")
    }

    @Test func findsNodes() {
        let tree = NodeSnapshot(
            id: "root", kind: .supervisor, state: .running,
            children: [
                NodeSnapshot(
                    id: "a", kind: .supervisor, state: .running,
                    children: [NodeSnapshot(id: "b", kind: .worker, state: .starting)]
                )
            ]
        )
        #expect(tree[""]?.id == "root")
        #expect(tree["a/b"]?.state == .starting)
        #expect(tree["a/c"] == nil)
        #expect(tree["b"] == nil)
    }
}

@Suite struct SupervisionErrorTests {
    @Test func textIsForPeopleAndDebugTextForProgrammers() {
        let error = SupervisionError(
            .childNotFound, "No such child.", hint: "Look at the tree.", underlying: Bench.Crash("cause"),
            file: "File.swift", line: 7
        )
        #expect("\(error)" == "No such child.")
        #expect(error.debugDescription.contains("childNotFound"))
        #expect(error.debugDescription.contains("cause"))
        #expect(error.debugDescription.contains("File.swift:7"))
        #expect(error.hint == "Look at the tree.")
    }

    @Test func codesAreDistinct() {
        let codes: [SupervisionError.Code] = [
            .restartLimitReached, .childNotFound, .duplicateChild, .childLimitReached, .childRunning,
            .childNotRunning, .notRunning, .alreadyRun, .superseded, .nameTaken,
        ]
        #expect(Set(codes).count == codes.count)
        #expect(Set(codes.map(\.description)).count == codes.count)
    }
}
