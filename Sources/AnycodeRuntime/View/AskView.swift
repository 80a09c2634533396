import AnycodeCore

/// Questions and permission requests as messages with buttons. A form of several fields shows them one by one.
enum AskView {
    /// - Parameter origin: The address that the task was cloned from.
    static func messages(
        _ asked: Transcript.Asked, limits: ChatLimits, origin: String? = nil
    ) -> [OutgoingMessage] {
        switch asked.ask.kind {
        case .permission(let request): [permission(request, asked, limits, origin)]
        case .repository(let problem): [repository(problem, asked)]
        case .settings(let settings): [Self.settings(settings, asked)]
        case .question(let request): question(request, asked, limits)
        }
    }

    /// The ask once more, as far as it is open; its buttons are the same.
    static func reminder(
        _ asked: Transcript.Asked, to person: Person, limits: ChatLimits, origin: String? = nil
    ) -> OutgoingMessage {
        guard asked.resolution == nil, var message = messages(asked, limits: limits, origin: origin).last else {
            return OutgoingMessage(markdown: "🔔 This reminder is settled.", rings: true)
        }
        message.markdown = "🔔 Still waiting for \(person.name):\n\(message.markdown)"
        return message
    }

    private static func outcome(_ resolution: Resolution) -> String {
        guard let by = resolution.by else { return "→ *\(resolution.choice)*" }
        return "→ **\(resolution.choice)** (\(by.name))"
    }

    private static func permission(
        _ request: PermissionRequest, _ asked: Transcript.Asked, _ limits: ChatLimits, _ origin: String?
    ) -> OutgoingMessage {
        var lines = ["🔐 May it? \(StreamView.code(request.toolCall.title ?? "use a tool"))"]
        let outward = request.outward(origin: origin)
        if let outward { lines.append(outward.warning) }
        if let detail = detail(request.toolCall, limits, whole: outward != nil) { lines.append(detail) }
        guard asked.resolution == nil else {
            return settled(lines, asked)
        }
        let buttons = request.offered(origin: origin).map { place, option in
            [
                ChatButton(
                    label: label(option.name, limits), token: ButtonToken.ask(asked.ask, place),
                    style: option.kind == .allowOnce
                        ? .primary : option.kind == .allowAlways ? .plain : .danger)
            ]
        }
        return OutgoingMessage(markdown: lines.joined(separator: "\n"), buttons: buttons, rings: true)
    }

    /// The whole command, or the files a change touches, so that people know what they allow. What the agent says
    /// about it stands below: some only describe the tool.
    ///
    /// - Parameter whole: Whether the command comes as long as a message may be.
    private static func detail(_ call: ToolCallUpdate, _ limits: ChatLimits, whole: Bool = false) -> String? {
        var changes: [String] = []
        var words: [String] = []
        for content in call.content ?? [] {
            switch content {
            case .text(let text): words.append(text)
            case .diff(let path, let old, let new): changes.append(diff(path, old, new, limits))
            case .terminal: break
            }
        }
        let input = call.rawInput.flatMap(ToolInput.init(json:))
        if changes.isEmpty, let input, whole || input.text != call.title {
            let room = whole ? limits.textUnits - 800 : nil
            changes.append(fenced(input.text, limits, room: room))
            words.removeAll { $0 == input.text }
        }
        let parts = changes + words.map { fenced($0, limits) }
        return parts.isEmpty ? nil : parts.joined(separator: "\n")
    }

    private static func diff(_ path: String, _ old: String?, _ new: String, _ limits: ChatLimits) -> String {
        let before = (old ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let after = new.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let room = 200
        guard before.count <= room, after.count <= room else {
            return "`\(path)`: \(before.count) lines become \(after.count)"
        }
        var lines: [String] = []
        for change in after.difference(from: before) {
            switch change {
            case .remove(_, let line, _): lines.append("- \(line)")
            case .insert(_, let line, _): lines.append("+ \(line)")
            }
        }
        return "`\(path)`\n" + fenced(lines.joined(separator: "\n"), limits, language: "diff")
    }

    private static func fenced(
        _ text: String, _ limits: ChatLimits, language: String = "", room wanted: Int? = nil
    ) -> String {
        let room = max(200, wanted ?? limits.textUnits / 2)
        let isCut = text.utf16.count > room
        var body = isCut ? MarkdownSplitter.split(text, limit: room)[0] + "\n…" : text
        body = body.replacing("```", with: "ʼʼʼ")
        let note = isCut && wanted != nil ? "\n⚠️ The command is longer than a message: \(text.count) characters." : ""
        return "```\(language)\n\(body)\n```\(note)"
    }

    private static func repository(_ problem: String, _ asked: Transcript.Asked) -> OutgoingMessage {
        let lines = [
            "❓ \(problem)",
            "Write another repository as a reply (`org/repo` or a URL), or choose:",
        ]
        guard asked.resolution == nil else { return settled([lines[0]], asked) }
        let buttons = ["Go on without a repository", "Cancel the task"].enumerated().map { number, label in
            [ChatButton(label: label, token: ButtonToken.ask(asked.ask, number), style: number == 0 ? .plain : .danger)]
        }
        return OutgoingMessage(markdown: lines.joined(separator: "\n"), buttons: buttons, rings: true)
    }

    private static func settings(_ settings: RepositorySettings, _ asked: Transcript.Asked) -> OutgoingMessage {
        let wishes = settings.wishes.map { "- \($0)" }
        let head = "🔒 This repository has settings of its own for the agent:"
        guard asked.resolution == nil else { return settled([head] + wishes, asked) }
        let words = """
            They are not used unless you allow it: they can run commands and send the agent's key elsewhere. \
            Without an answer the task goes on without them in two minutes.
            """
        let buttons = ["Go on without them", "Allow for this repository"].enumerated().map { number, label in
            [
                ChatButton(
                    label: label, token: ButtonToken.ask(asked.ask, number), style: number == 0 ? .primary : .danger)
            ]
        }
        return OutgoingMessage(
            markdown: ([head] + wishes + ["", words]).joined(separator: "\n"), buttons: buttons, rings: true)
    }

    private static func question(
        _ request: QuestionRequest, _ asked: Transcript.Asked, _ limits: ChatLimits
    ) -> [OutgoingMessage] {
        guard !request.fields.isEmpty else { return [notice(request, asked)] }
        let form = FormProgress(fields: request.fields, answers: asked.fields)
        let shown = asked.resolution == nil ? min(form.current + 1, request.fields.count) : max(1, form.current)
        return (0..<min(shown, request.fields.count)).map { number in
            field(number, of: request, asked, isOpen: asked.resolution == nil && number == form.current, limits)
        }
    }

    /// A question without fields: something to read or a page to open, then confirm.
    private static func notice(_ request: QuestionRequest, _ asked: Transcript.Asked) -> OutgoingMessage {
        var lines = ["❓ \(request.message)"]
        if let url = request.url { lines.append("<\(url)>") }
        guard asked.resolution == nil else { return settled(lines, asked) }
        let buttons = ["Done", "Decline"].enumerated().map { number, label in
            [
                ChatButton(
                    label: label, token: ButtonToken.ask(asked.ask, number), style: number == 0 ? .primary : .plain)
            ]
        }
        return OutgoingMessage(markdown: lines.joined(separator: "\n"), buttons: buttons, rings: true)
    }

    private static func field(
        _ number: Int, of request: QuestionRequest, _ asked: Transcript.Asked, isOpen: Bool, _ limits: ChatLimits
    ) -> OutgoingMessage {
        let field = request.fields[number]
        var lines = number == 0 ? ["❓ \(request.message)"] : []
        if field.title != request.message, !(request.fields.count == 1 && field.title == field.name) {
            lines.append(number == 0 ? field.title : "❓ \(field.title)")
        }
        if let detail = field.detail, detail != field.title { lines.append("*\(detail)*") }
        if lines.isEmpty { lines = ["❓ \(field.name)"] }
        let chosen = asked.fields[number] ?? []
        guard isOpen else {
            if let resolution = asked.resolution, chosen.isEmpty { return settled(lines, outcome(resolution)) }
            let by = asked.resolution?.by.map { " (\($0.name))" } ?? ""
            return settled(lines, "→ **\(FormProgress.words(chosen, field))**\(by)")
        }
        if let hint = hint(field) { lines.append(hint) }
        return OutgoingMessage(
            markdown: lines.joined(separator: "\n"), buttons: buttons(field, asked.ask, number, chosen, limits),
            rings: true)
    }

    private static func hint(_ field: QuestionRequest.Field) -> String? {
        switch field.kind {
        case .text: "Answer with a message."
        case .number(let integer): integer ? "Answer with a whole number." : "Answer with a number."
        case .multiple(_, let minimum, let maximum): multipleHint(minimum, maximum)
        case .single, .boolean: nil
        }
    }

    private static func multipleHint(_ minimum: Int, _ maximum: Int?) -> String {
        switch (minimum, maximum) {
        case (let low, let high?) where low > 0: "Choose \(low) to \(high), then Done."
        case (_, let high?): "Choose up to \(high), then Done."
        case (let low, nil) where low > 0: "Choose at least \(low), then Done."
        default: "Choose any, then Done."
        }
    }

    private static func buttons(
        _ field: QuestionRequest.Field, _ ask: Ask, _ number: Int, _ chosen: [String], _ limits: ChatLimits
    ) -> [[ChatButton]] {
        FormProgress.buttons(field).enumerated().map { place, button in
            var text = button.label
            if case .toggle(let value) = button.effect { text = (chosen.contains(value) ? "☑ " : "☐ ") + text }
            return [
                ChatButton(
                    label: label(text, limits), token: ButtonToken.ask(ask, field: number, place),
                    style: button.effect == .done ? .primary : .plain)
            ]
        }
    }

    private static func settled(_ lines: [String], _ asked: Transcript.Asked) -> OutgoingMessage {
        settled(lines, asked.resolution.map(outcome) ?? "")
    }

    private static func settled(_ lines: [String], _ outcome: String) -> OutgoingMessage {
        OutgoingMessage(markdown: (lines + [outcome]).joined(separator: "\n"), rings: true)
    }

    private static func label(_ text: String, _ limits: ChatLimits) -> String {
        guard text.utf16.count > limits.labelUnits else { return text }
        return MarkdownSplitter.clip(text, limit: limits.labelUnits - 1) + "…"
    }
}
