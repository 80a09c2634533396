import AnycodeJSON

/// The agent's list of things to do, from either of its tool families.
struct ClaudeCodePlan: Sendable {
    private struct Item: Sendable, Hashable {
        var id: String
        var text: String
        var status: String
    }

    private var items: [Item] = []

    /// Takes what a tool did; true when the list changed.
    mutating func take(_ tool: ClaudeCodeTool, result: JSON?) -> Bool {
        let before = items
        switch tool.name {
        case "TodoWrite": replace(result?["newTodos"]?.array ?? tool.input["todos"]?.array ?? [])
        case "TaskCreate": create(result?["task"], tool.input)
        case "TaskUpdate": change(tool.input)
        case "TaskList": list(result?["tasks"]?.array)
        default: break
        }
        return items != before
    }

    private mutating func replace(_ todos: [JSON]) {
        items = todos.enumerated().map { index, todo in
            Item(id: String(index), text: todo.text("content") ?? "", status: todo.text("status") ?? "pending")
        }
    }

    private mutating func create(_ task: JSON?, _ input: JSON) {
        guard let id = task?.text("id") else { return }
        items.append(Item(id: id, text: task?.text("subject") ?? input.text("subject") ?? "", status: "pending"))
    }

    private mutating func change(_ input: JSON) {
        guard let id = input.text("taskId"), let index = items.firstIndex(where: { $0.id == id }) else { return }
        if input.text("status") == "deleted" {
            items.remove(at: index)
            return
        }
        if let status = input.text("status") { items[index].status = status }
        if let subject = input.text("subject") { items[index].text = subject }
    }

    private mutating func list(_ tasks: [JSON]?) {
        guard let tasks else { return }
        items = tasks.compactMap { task in
            guard let id = task.text("id") else { return nil }
            return Item(id: id, text: task.text("subject") ?? "", status: task.text("status") ?? "pending")
        }
    }

    /// `entries` of a plan.
    var entries: JSON {
        .array(
            items.map { item in
                let status = ["in_progress", "completed"].contains(item.status) ? item.status : "pending"
                return ["content": .string(item.text), "priority": "medium", "status": .string(status)]
            })
    }
}
