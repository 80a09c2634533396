extension [ModelScript] {
    /// The scripts used when none are given; by hand, say one of the words in a prompt.
    package static let standard: [ModelScript] = [
        ModelScript(
            word: "WRITE",
            steps: [
                .init("I will write hello.txt.", calls: [.write(path: "hello.txt", content: "hello from the model\n")]),
                .init("Written: hello.txt is ready."),
            ]),
        ModelScript(
            word: "ASK",
            steps: [
                .init("One question first.", calls: [.ask(question: "Which colour?", options: ["red", "blue"])]),
                .init("Thank you, that settles it."),
            ]),
        ModelScript(word: "TALK", steps: [.init("Only words, no tool.")]),
        ModelScript(word: "THINK", steps: [.init("Four.", thinking: "Two and two are four.")]),
        ModelScript(
            word: "SLOW",
            steps: [.init((1...200).map { "word\($0) " }.joined(), pace: .milliseconds(100))]),
        ModelScript(
            word: "LONGCMD",
            steps: [
                .init(
                    "This command takes a minute.",
                    calls: [.shell(command: "for i in $(seq 60); do sleep 1; done; echo late > late.txt")]),
                .init("The long command ended."),
            ]),
        ModelScript(
            word: "BIGOUT",
            steps: [
                .init(
                    "A command with 2 MB of output.", calls: [.shell(command: "yes 0123456789abcde | head -n 131072")]),
                .init("That was much."),
            ]),
        ModelScript(word: "BIGTEXT", steps: [.init("0123456789abcde\n", repetitions: 131_072)]),
        ModelScript(
            word: "TWICE",
            steps: [
                .init(
                    "Two commands at once.",
                    calls: [.shell(command: "echo one > one.txt"), .shell(command: "echo two > two.txt")]),
                .init("Both are done."),
            ]),
        ModelScript(
            word: "ERR429", steps: [.init("It went through.", failure: .init(status: 429, retryAfter: 1, times: 2))]),
        ModelScript(word: "ERR500", steps: [.init(failure: .init(status: 500))]),
        ModelScript(word: "ERR529", steps: [.init("It went through.", failure: .init(status: 529, times: 1))]),
        ModelScript(word: "ERR401", steps: [.init(failure: .init(status: 401))]),
        ModelScript(word: "CUT", steps: [.init("This will be cut off in the middle.", cutAfterWords: 4)]),
        ModelScript(steps: [
            .init(
                "I will create hello.txt now.", calls: [.shell(command: "echo hello from the model > hello.txt")]),
            .init("Done: hello.txt was created."),
        ]),
    ]
}
