import AnycodeCore
import Glibc

/// A failed system call.
struct SystemError: Error, Sendable {
    let call: String
    let number: Int32

    init(_ call: String, _ number: Int32 = errno) {
        self.call = call
        self.number = number
    }

    var reason: String { String(cString: strerror(number)) }
}

extension SandboxError {
    init(_ error: SystemError, doing what: String) {
        let code: Code =
            switch error.number {
            case ENOSPC, EDQUOT, EMFILE, ENFILE, EAGAIN, ENOMEM: .unavailable
            case EACCES, EPERM, EROFS: .misconfigured
            default: .failed
            }
        let hint: String? =
            switch error.number {
            case ENOSPC, EDQUOT: "Free some disk space."
            case EMFILE, ENFILE: "Raise the limit of open files."
            default: nil
            }
        self.init(code, "\(what): \(error.call): \(error.reason)", hint: hint)
    }
}
