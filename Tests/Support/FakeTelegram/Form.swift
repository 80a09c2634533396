import HTTPTestSupport
import TestJSON

/// Reads a request's parameters, as JSON or as `multipart/form-data`.
enum Form {
    static func read(_ request: ScriptedConnection.Request) -> (JSON, file: (name: String, bytes: [UInt8])?) {
        let type = request.headers["content-type"] ?? ""
        guard let mark = type.firstRange(of: "boundary=") else {
            return ((try? JSON(parsing: request.body)) ?? .object([:]), nil)
        }
        let boundary = type[mark.upperBound...].filter { $0 != "\"" }
        return multipart(request.body, boundary: Array("--\(boundary)".utf8))
    }

    private static func multipart(_ body: [UInt8], boundary: [UInt8]) -> (JSON, file: (name: String, bytes: [UInt8])?) {
        var members: [String: JSON] = [:]
        var file: (String, [UInt8])?
        var rest = body[...]
        while let start = rest.firstRange(of: boundary) {
            rest = rest[start.upperBound...]
            guard let end = rest.firstRange(of: boundary), let gap = rest.firstRange(of: Array("\r\n\r\n".utf8)) else {
                break
            }
            let head = String(decoding: rest[..<gap.lowerBound], as: UTF8.self)
            let content = Array(rest[gap.upperBound..<end.lowerBound].dropLast(2))
            guard let name = quoted("name", in: head) else { continue }
            if let fileName = quoted("filename", in: head) {
                file = (fileName, content)
                members[name] = .string(fileName)
            } else {
                let text = String(decoding: content, as: UTF8.self)
                // In forms everything is text; what is JSON is meant so.
                members[name] = name == "caption" ? .string(text) : (try? JSON(parsing: content)) ?? .string(text)
            }
        }
        return (.object(members), file)
    }

    private static func quoted(_ name: String, in head: String) -> String? {
        guard let start = head.firstRange(of: "\(name)=\"") else { return nil }
        let isOther = start.lowerBound > head.startIndex && head[head.index(before: start.lowerBound)].isLetter
        guard !isOther else { return nil }
        return String(head[start.upperBound...].prefix { $0 != "\"" })
    }
}
