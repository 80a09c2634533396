import ScriptedModel
import TestJSON

/// What the standard scripts do not have.
enum ClaudeScripts {
    private static let question: JSON = [
        "question": "Which colour?", "header": "Colour", "multiSelect": false,
        "options": [
            ["label": "red", "description": "like fire"], ["label": "blue", "description": "like water"],
        ],
    ]
    private static let several: JSON = [
        "question": "Which sizes?", "header": "Sizes", "multiSelect": true,
        "options": [["label": "small", "description": "S"], ["label": "large", "description": "L"]],
    ]

    static let all: [ModelScript] = [
        ModelScript(
            word: "QUESTIONS",
            steps: [
                .init(
                    "Questions first.",
                    calls: [.named("AskUserQuestion", input: ["questions": [question, several]])]),
                .init("Thank you, that settles it."),
            ]),
        ModelScript(
            word: "EDIT",
            steps: [
                .init("Reading.", calls: [.named("Read", input: ["file_path": "README.md"])]),
                .init(
                    "Editing.",
                    calls: [
                        .named(
                            "Edit",
                            input: [
                                "file_path": "README.md", "old_string": "old line", "new_string": "new line",
                                "replace_all": false,
                            ])
                    ]),
                .init("Edited."),
            ]),
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
        ModelScript(
            word: "PROPOSE",
            steps: [
                .init("Here is my plan.", calls: [.named("ExitPlanMode", input: ["plan": "# Plan\n1. Do it"])]),
                .init("So be it."),
            ]),
        ModelScript(
            word: "FAIL",
            steps: [.init(calls: [.shell(command: "echo out; echo err >&2; exit 3")]), .init("It failed.")]),
        ModelScript(word: "E500", steps: [.init("It went through.", failure: .init(status: 500, times: 1))]),
        ModelScript(word: "E400", steps: [.init(failure: .init(status: 400))]),
    ]
}
