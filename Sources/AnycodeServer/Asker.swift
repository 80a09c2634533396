/// Who gives an order over the control socket.
package struct Asker: Sendable, Equatable {
    /// As the person is called; the tool's word for it.
    package let name: String
    /// The account behind the connection, which nobody can make up; `nil` where the system does not tell.
    package let account: String?

    package init(name: String, account: String? = nil) {
        self.name = name
        self.account = account
    }

    /// For the record: `ana`, or `ana (account root)` where the two differ.
    package var recorded: String {
        guard let account, account != name else { return name }
        return "\(name) (account \(account))"
    }
}
