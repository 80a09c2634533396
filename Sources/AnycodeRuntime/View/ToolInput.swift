/// What a tool is about to be given, as people read it.
struct ToolInput: Hashable, Sendable {
    /// The command alone where there is nothing else to know, else all of the JSON.
    let text: String

    /// `nil` when the tool is given nothing.
    init?(json: String) {
        guard json != "{}" else { return nil }
        let command = try? JSONCoding.decode(Command.self, from: Array(json.utf8))
        text = command?.line ?? json
    }

    /// An input of a command and its description only: any other member may change what the command does.
    private struct Command: Decodable {
        let line: String

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Key.self)
            var line: String?
            for key in members.allKeys {
                switch key.stringValue {
                case "command": line = try members.decode(String.self, forKey: key)
                case "description": break
                default: throw Unreadable()
                }
            }
            guard let line else { throw Unreadable() }
            self.line = line
        }
    }

    private struct Unreadable: Error {}
}
