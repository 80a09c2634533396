import ScriptedModel
import TestJSON

/// What the standard scripts do not have.
enum ClaudeScripts {
    static let questions = ModelScript(
        word: "QUESTIONS",
        steps: [
            .init(
                "Some questions.",
                calls: [
                    .named(
                        "AskUserQuestion",
                        input: [
                            "questions": [
                                [
                                    "question": "Which colour?", "header": "Colour", "multiSelect": false,
                                    "options": [
                                        ["label": "red", "description": "Warm"],
                                        ["label": "blue", "description": "Cold"],
                                    ],
                                ],
                                [
                                    "question": "Which sizes?", "header": "Size", "multiSelect": true,
                                    "options": [
                                        ["label": "small", "description": "1"], ["label": "large", "description": "2"],
                                    ],
                                ],
                            ]
                        ])
                ]),
            .init("Thank you, that settles it."),
        ])

    static let proposal = ModelScript(
        word: "PROPOSE",
        steps: [
            .init("Here is my plan.", calls: [.named("ExitPlanMode", input: ["plan": "# Plan\n1. Do it"])]),
            .init("So be it."),
        ])

    /// The console shows a message that grows line by line.
    static let lines = ModelScript(
        word: "LINES", steps: [.init((1...200).map { "line\($0)\n" }.joined(), pace: .milliseconds(100))])

    static let failure = ModelScript(
        word: "E500", steps: [.init("It went through.", failure: .init(status: 500, times: 1))])

    /// A list of things to do, a sub-agent, and a text that takes some seconds.
    static let work = [
        ModelScript(
            word: "TASKS",
            steps: [
                .init(
                    "A plan.",
                    calls: [
                        .named("TaskCreate", input: ["subject": "First", "description": "The first thing"]),
                        .named("TaskCreate", input: ["subject": "Second", "description": "The second thing"]),
                    ]),
                .init(calls: [.named("TaskUpdate", input: ["taskId": "1", "status": "completed"])]),
                .init("Planned."),
            ]),
        ModelScript(
            word: "DELEGATE",
            steps: [
                .init(
                    "I send someone.",
                    calls: [
                        .named(
                            "Agent",
                            input: [
                                "description": "Look around", "prompt": "SUBWORK please",
                                "subagent_type": "general-purpose",
                            ])
                    ]),
                .init("They are on it."),
            ]),
        ModelScript(
            word: "SUBWORK",
            steps: [
                .init("Sub looks.", calls: [.shell(command: "echo sub > sub.txt")]), .init("Sub found nothing."),
            ]),
        steady,
    ]

    static let steady = ModelScript(
        word: "STEADY", steps: [.init((1...30).map { "line\($0)\n" }.joined(), pace: .milliseconds(100))])
}
