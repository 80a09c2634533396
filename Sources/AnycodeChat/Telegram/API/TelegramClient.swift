import AnycodeCore
import HTTPTransport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Calls the Bot API. The token stands in every address and in no text.
struct TelegramClient: Sendable {
    let http: HTTPClient
    let baseURL: String
    let token: Secret
    let timeout: Duration

    func call<Request: TelegramRequest>(
        _ request: Request, timeout: Duration? = nil
    ) async throws(TelegramFailure) -> Request.Answer {
        var post = try address(Request.self)
        post.headers = [HTTPHeader("Content-Type", "application/json")]
        post.body = .bytes(try encode(request))
        post.timeouts.total = timeout ?? self.timeout
        return try await perform(post, as: Request.self)
    }

    /// Uploads a file; it is read while it is sent.
    func upload(_ request: SendDocument, file: ChatAttachment) async throws(TelegramFailure) -> TelegramSent {
        var post = try address(SendDocument.self)
        var parts = [
            HTTPPart(name: "chat_id", text: String(request.chatId)),
            HTTPPart(name: "disable_notification", text: String(request.disableNotification)),
        ]
        if let thread = request.messageThreadId {
            parts.append(HTTPPart(name: "message_thread_id", text: String(thread)))
        }
        if let reply = request.replyParameters {
            parts.append(HTTPPart(name: "reply_parameters", content: .bytes(try encode(reply))))
        }
        if let caption = request.caption { parts.append(HTTPPart(name: "caption", text: caption)) }
        parts.append(
            HTTPPart(
                name: "document", content: .file(path: file.path), fileName: file.name, contentType: file.mediaType))
        post.body = .multipart(parts)
        post.timeouts.total = nil
        post.timeouts.idle = timeout
        return try await perform(post, as: SendDocument.self)
    }

    /// The bytes of one of the bot's files.
    func download(_ path: String, limit: Int) async throws(TelegramFailure) -> [UInt8] {
        let isPlain = path.utf8.allSatisfy { Self.isTokenByte($0) || $0 == 0x2E || $0 == 0x2F }
        guard isPlain, !path.hasPrefix("/"), !path.contains("..") else {
            let words = path.hasPrefix("/") ? "keeps its files to itself: run it without --local" : "names an odd file"
            throw TelegramFailure(.refused(code: 400), "The Bot API server \(words).")
        }
        let secret = try checkedToken()
        var get = HTTPRequest(.get, "\(baseURL)/file/bot\(secret)/\(path)")
        get.limits.bodyBytes = limit
        get.timeouts.idle = timeout
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await http.send(get)
        } catch {
            throw TelegramFailure(.transport(error.code, error.delivery), error.message)
        }
        let message = "Telegram does not hand out the file (HTTP status \(response.status))."
        switch response.status {
        case 200: return response.body
        case 400, 403, 404, 410: throw TelegramFailure(.refused(code: 400), message)
        default: throw TelegramFailure(.disturbed(status: response.status), message)
        }
    }

    // MARK: One call

    private func checkedToken() throws(TelegramFailure) -> String {
        let secret = token.reveal()
        guard !secret.isEmpty, secret.utf8.allSatisfy(Self.isTokenByte) else {
            throw TelegramFailure(.refused(code: 401), "The bot token is not of the form that @BotFather gives out.")
        }
        return secret
    }

    private func address<Request: TelegramRequest>(_: Request.Type) throws(TelegramFailure) -> HTTPRequest {
        let secret = try checkedToken()
        // A new message that went out twice on a connection just closed would stand there twice.
        return HTTPRequest(
            .post, "\(baseURL)/bot\(secret)/\(Request.method)", reusesConnection: Request.isRepeatable)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3A, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }

    private func encode(_ value: some Encodable) throws(TelegramFailure) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        guard let data = try? encoder.encode(value) else {
            throw TelegramFailure(.refused(code: 400), "The message cannot be written as JSON.")
        }
        return Array(data)
    }

    private func perform<Request: TelegramRequest>(
        _ post: HTTPRequest, as _: Request.Type
    ) async throws(TelegramFailure) -> Request.Answer {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await http.send(post)
        } catch {
            throw TelegramFailure(.transport(error.code, error.delivery), error.message)
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let body = Data(response.body)
        guard let verdict = try? decoder.decode(Verdict.self, from: body) else {
            let message = "No Bot API answered \(Request.method) (HTTP status \(response.status))."
            throw TelegramFailure(.disturbed(status: response.status), message)
        }
        guard verdict.ok else { throw failure(verdict, status: response.status) }
        guard let answer = try? decoder.decode(Success<Request.Answer>.self, from: body) else {
            throw TelegramFailure(.disturbed(status: 200), "The Bot API's answer to \(Request.method) has a new form.")
        }
        return answer.result
    }

    private struct Success<Answer: Decodable>: Decodable {
        let result: Answer
    }

    /// The envelope of every answer (Bot API: "Making requests").
    private struct Verdict: Decodable {
        struct Parameters: Decodable {
            let retryAfter: Double?
            let migrateToChatId: Int64?
        }

        let ok: Bool
        let errorCode: Int?
        let description: String?
        let parameters: Parameters?
    }

    private func failure(_ verdict: Verdict, status: Int) -> TelegramFailure {
        let code = verdict.errorCode ?? status
        let words = (verdict.description ?? "no reason given").replacing(token.reveal(), with: "<secret>")
        let message = "Telegram: \(words.prefix(200))"
        if let chat = verdict.parameters?.migrateToChatId { return TelegramFailure(.migrated(to: chat), message) }
        if let seconds = verdict.parameters?.retryAfter, seconds >= 0, seconds < 1e6 {
            return TelegramFailure(.flood(retryAfter: .seconds(seconds)), message)
        }
        if code == 429 { return TelegramFailure(.flood(retryAfter: .seconds(5)), message) }
        return TelegramFailure(code >= 500 ? .disturbed(status: code) : .refused(code: code), message)
    }
}
