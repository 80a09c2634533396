import AnycodeCore

extension SecretMasker {
    /// The event with every secret in its texts replaced.
    func masked(_ event: AgentEvent) -> AgentEvent {
        switch event {
        case .text(let text): .text(masked(text))
        case .thought(let text): .thought(masked(text))
        case .toolCall(let call): .toolCall(masked(call))
        case .toolCallUpdated(let update): .toolCallUpdated(masked(update))
        case .plan(let entries): .plan(entries.map { PlanEntry(text: masked($0.text), status: $0.status) })
        case .titleChanged(let title): .titleChanged(masked(title))
        case .callFailed(let id, let failure):
            .callFailed(id, AgentFailure(code: failure.code, message: masked(failure.message)))
        case .permissionRequested(let request):
            .permissionRequested(
                PermissionRequest(
                    request: request.request, toolCall: masked(request.toolCall),
                    options: request.options.map { .init(id: $0.id, name: masked($0.name), kind: $0.kind) }))
        case .questionAsked(let request):
            .questionAsked(
                QuestionRequest(
                    request: request.request, message: masked(request.message),
                    fields: request.fields.map { masked($0) },
                    url: request.url.map { masked($0) }))
        case .agentExited(let exit):
            .agentExited(AgentExit(exitCode: exit.exitCode, signal: exit.signal, message: masked(exit.message)))
        case .initialized, .sessionOpened, .callSucceeded, .turnEnded, .turnTook, .usage, .modeChanged, .modelChanged,
            .commandsChanged, .requestWithdrawn, .gap, .unknown:
            event
        }
    }

    /// Failures may quote what a program printed.
    func masked(_ event: SessionEvent) -> SessionEvent {
        switch event {
        case .acquireFailed(let error):
            .acquireFailed(SandboxError(error.code, masked(error.message), hint: error.hint))
        case .acquireDelayed(let error):
            .acquireDelayed(SandboxError(error.code, masked(error.message), hint: error.hint))
        case .acquireProgressed(let words): .acquireProgressed(masked(words))
        case .pullRequestFailed(let error):
            .pullRequestFailed(AgentError(error.code, masked(error.message), hint: error.hint))
        case .prepareFailed(let error):
            .prepareFailed(AgentError(error.code, masked(error.message), hint: error.hint))
        case .restoreFailed(let error):
            .restoreFailed(AgentError(error.code, masked(error.message), hint: error.hint))
        case .callRefused(let call, let error):
            .callRefused(call, AgentError(error.code, masked(error.message), hint: error.hint))
        case .settingsFound(let settings, let remembered):
            .settingsFound(
                RepositorySettings(id: settings.id, wishes: settings.wishes.map { masked($0) }), remembered: remembered)
        case .streamLost(let reason): .streamLost(masked(reason))
        case .saveFailed(let reason): .saveFailed(masked(reason))
        case .destroyFailed(let reason): .destroyFailed(masked(reason))
        case .sandboxExited(let exit):
            .sandboxExited(
                SandboxExit(exitCode: exit.exitCode, outOfMemory: exit.outOfMemory, message: masked(exit.message)))
        default: event
        }
    }

    /// What people read of it; names and values go back to the agent and are shown to nobody.
    private func masked(_ field: QuestionRequest.Field) -> QuestionRequest.Field {
        let kind: QuestionRequest.FieldKind =
            switch field.kind {
            case .single(let choices): .single(masked(choices))
            case .multiple(let choices, let minimum, let maximum):
                .multiple(masked(choices), minimum: minimum, maximum: maximum)
            case .text, .number, .boolean: field.kind
            }
        return QuestionRequest.Field(
            name: field.name, title: masked(field.title), detail: field.detail.map { masked($0) }, kind: kind,
            required: field.required)
    }

    private func masked(_ choices: [QuestionRequest.Choice]) -> [QuestionRequest.Choice] {
        choices.map { .init(value: $0.value, label: masked($0.label)) }
    }

    private func masked(_ call: ToolCall) -> ToolCall {
        var call = call
        call.title = masked(call.title)
        call.content = call.content.map { masked($0) }
        call.rawInput = call.rawInput.map { masked($0) }
        return call
    }

    private func masked(_ update: ToolCallUpdate) -> ToolCallUpdate {
        var update = update
        update.title = update.title.map { masked($0) }
        update.content = update.content.map { contents in contents.map { masked($0) } }
        update.rawInput = update.rawInput.map { masked($0) }
        return update
    }

    private func masked(_ content: ToolCall.Content) -> ToolCall.Content {
        switch content {
        case .text(let text): .text(masked(text))
        case .diff(let path, let old, let new): .diff(path: masked(path), old: old.map { masked($0) }, new: masked(new))
        case .terminal: content
        }
    }
}
