/// What stays the same about an ACP server, kept beside its log.
package struct ServerIdentity: Codable, Sendable, Equatable {
    package var serverID: String
    package var agent: String
    package var createdAtMs: Int64
    /// Value of ``AgentEnvironment/markerName`` in the environment of every process of this server's agent.
    var marker: String

    /// Folder of a server below the state directory: its id with all but letters and digits in hexadecimal.
    static func folder(_ serverID: String) -> String {
        serverID.utf8.reduce(into: "") { name, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                name += "_" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }
    }
}
