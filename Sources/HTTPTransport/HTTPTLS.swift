/// How the server is recognised and how the client identifies itself. TLS is 1.2 or newer.
package struct HTTPTLS: Sendable, Hashable {
    /// Whom to believe.
    package enum Trust: Sendable, Hashable {
        /// The machine's certificate store.
        case system
        /// Only the authorities in this PEM file.
        case authorities(file: String)
        /// Only this key, as `sha256//` and base64, or the path of a PEM or DER public key; names and issuers are not
        /// looked at, so that a self-signed certificate does.
        case publicKey(String)
    }

    /// A client certificate, as paths of PEM files.
    package struct ClientCertificate: Sendable, Hashable {
        package var certificateFile: String
        package var keyFile: String

        package init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    package var trust: Trust
    package var clientCertificate: ClientCertificate?

    package init(trust: Trust = .system, clientCertificate: ClientCertificate? = nil) {
        self.trust = trust
        self.clientCertificate = clientCertificate
    }
}
