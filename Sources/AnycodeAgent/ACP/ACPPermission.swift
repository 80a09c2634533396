import AnycodeCore
import AnycodeJSON

/// Permission requests.
enum ACPPermission {
    static func request(_ id: RequestID, _ params: JSON) -> PermissionRequest {
        let toolCall = params["toolCall"].flatMap(ACPToolCall.update) ?? ToolCallUpdate(id: ToolCallID(""))
        let options = (params["options"]?.array ?? []).prefix(ACPLimits.items).compactMap(option)
        return PermissionRequest(request: id, toolCall: toolCall, options: options)
    }

    /// An option of a kind we do not know is not offered: nobody could tell what it allows.
    private static func option(_ json: JSON) -> PermissionRequest.Option? {
        guard let id = json.text("optionId"), let kind = json.text("kind").flatMap(kind) else { return nil }
        let name = ACPLimits.shorten(json.text("name") ?? id, to: ACPLimits.title)
        return PermissionRequest.Option(id: id, name: name, kind: kind)
    }

    private static func kind(_ text: String) -> PermissionRequest.OptionKind? {
        switch text {
        case "allow_once": .allowOnce
        case "allow_always": .allowAlways
        case "reject_once": .rejectOnce
        case "reject_always": .rejectAlways
        default: nil
        }
    }
}
