import AnycodeConfig
import AnycodeControl

/// The half of `anycode doctor` that only a running daemon can answer: asked over its control socket.
enum LiveDoctor {
    static func checks(_ configuration: Configuration) -> [DoctorCheck] {
        let path = configuration.control.socket ?? ControlSocket.path()
        let client = ControlClient(socketPath: path)
        do {
            let version = try client.version()
            guard version.version == AnycodeVersion.current else {
                let words = "version \(version.version) runs, this program is \(AnycodeVersion.current)"
                return [.failed("daemon", words + "; restart the daemon")]
            }
            return try client.findings().map { DoctorCheck($0) }
        } catch {
            guard error.code == .unreachable else { return [.failed("daemon", "\(error.message)")] }
            return [.note("daemon", "none answers at \(path)")]
        }
    }
}

extension DoctorCheck {
    init(_ finding: Finding) {
        let result: Result =
            switch finding.grade {
            case .fine: .fine
            case .noted: .noted
            case .failed: .failed
            }
        self.init(result: result, subject: finding.subject, words: finding.words)
    }
}
