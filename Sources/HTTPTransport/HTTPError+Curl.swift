import CCurl

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension HTTPError {
    /// The error for a result of libcurl.
    ///
    /// libcurl's own error buffer may quote the URL, so only its constant texts are used.
    static func curl(
        _ result: CURLcode, _ request: HTTPRequest, osError: Int, delivery: Delivery
    ) -> HTTPError {
        let host = request.hostForDisplay
        let reason =
            osError == 0 ? String(cString: curl_easy_strerror(result)) : String(cString: strerror(Int32(osError)))
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return HTTPError(
                .connect, "The host \(host) was not found.",
                hint: "Check the name, the network and the proxy settings.",
                delivery: .notSent)
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_INTERFACE_FAILED:
            return HTTPError(
                .connect, "No connection to \(host): \(reason).",
                hint: "Check that the service runs and can be reached.",
                delivery: .notSent)
        case CURLE_OPERATION_TIMEDOUT:
            return HTTPError(
                .timeout, "\(host) did not answer in time.", hint: "Try again; check the network if it happens often.",
                delivery: delivery)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT, CURLE_SSL_ENGINE_NOTFOUND:
            return HTTPError(
                .tls, "No trusted connection to \(host): \(String(cString: curl_easy_strerror(result))).",
                hint: "Check the certificate, the CA file and the clock.", delivery: .notSent)
        case CURLE_FILESIZE_EXCEEDED:
            return .tooLarge(request, "body")
        case CURLE_URL_MALFORMAT, CURLE_READ_ERROR, CURLE_BAD_FUNCTION_ARGUMENT:
            return .invalid(request, String(cString: curl_easy_strerror(result)))
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2_STREAM, CURLE_HTTP2:
            return HTTPError(
                .interrupted, "The connection to \(host) broke before the answer was complete.", hint: "Try again.",
                delivery: delivery)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_TOO_MANY_REDIRECTS, CURLE_BAD_CONTENT_ENCODING:
            return HTTPError(
                .protocolViolation,
                "\(host) gave an answer that is not understood: "
                    + "\(String(cString: curl_easy_strerror(result))).",
                hint: "Check the address and what listens there.", delivery: delivery)
        default:
            return HTTPError(
                .internal, "The request to \(host) failed: \(String(cString: curl_easy_strerror(result))).",
                delivery: delivery)
        }
    }

    static func tooLarge(_ request: HTTPRequest, _ part: String) -> HTTPError {
        HTTPError(.tooLarge, "The answer of \(request.hostForDisplay) exceeds the limit for its \(part).")
    }

    static func idle(_ request: HTTPRequest) -> HTTPError {
        HTTPError(
            .timeout, "\(request.hostForDisplay) fell silent.",
            hint: "Try again; check the network if it happens often.")
    }
}
