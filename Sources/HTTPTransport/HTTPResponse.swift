/// Status line and headers of an answer.
package struct HTTPResponseHead: Sendable, Hashable {
    package var status: Int
    package var headers: [HTTPHeader]

    package init(status: Int, headers: [HTTPHeader]) {
        self.status = status
        self.headers = headers
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The first value under a name, compared without regard to case.
    package func header(_ name: String) -> String? { headers.first(name) }
}

/// A whole answer. A status outside 200–299 is not an error here.
package struct HTTPResponse: Sendable, Hashable {
    package var head: HTTPResponseHead
    package var body: [UInt8]

    package init(head: HTTPResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    package var status: Int { head.status }
    package var headers: [HTTPHeader] { head.headers }
    package var isSuccess: Bool { head.isSuccess }

    /// The first value under a name, compared without regard to case.
    package func header(_ name: String) -> String? { head.header(name) }
}
