import Foundation
import TestJSON

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// An answer as a client sees it.
struct Answer {
    var status: Int
    var headers: [String: String]
    var text: String

    var json: JSON { (try? JSON(parsing: Array(text.utf8))) ?? .null }

    /// The events of a stream: their names and their data.
    var events: [(name: String?, data: JSON)] {
        text.components(separatedBy: "\n\n").filter { !$0.isEmpty }.map { block in
            let lines = block.split(separator: "\n")
            let name = lines.first { $0.hasPrefix("event: ") }.map { String($0.dropFirst(7)) }
            let data = lines.first { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) } ?? ""
            return (name, (try? JSON(parsing: Array(data.utf8))) ?? .string(String(data)))
        }
    }

    func data(of name: String) -> [JSON] {
        events.filter { $0.name == name }.map(\.data)
    }
}

/// Sends one request on a session of its own.
func send(
    _ method: String = "POST", _ url: String, body: String? = nil, headers: [String: String] = [:]
) async throws -> Answer {
    guard let url = URL(string: url) else { throw URLError(.badURL) }
    var request = URLRequest(url: url)
    request.httpMethod = method
    request.httpBody = body.map { Data($0.utf8) }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let session = URLSession(configuration: .ephemeral)
    defer { session.invalidateAndCancel() }
    let (data, response) = try await session.data(for: request)
    guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
    let pairs = response.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") }
    return Answer(
        status: response.statusCode, headers: Dictionary(pairs) { first, _ in first },
        text: String(decoding: data, as: UTF8.self))
}
