import AnycodeCore
import COpenSSL
import Foundation

/// Bearer tokens of runners: an HMAC-SHA256 of the lease id under the instance's key, so that a token survives a
/// restart without being stored anywhere.
struct RunnerToken: Sendable {
    private let key: [UInt8]

    /// Reads the instance's key, making it on the first start: 32 random bytes, readable by the owner alone.
    init(keyFile: String) throws {
        if let known = FileManager.default.contents(atPath: keyFile) {
            guard known.count == 32 else { throw KeyError.damaged(keyFile) }
            key = Array(known)
            return
        }
        var fresh = [UInt8](repeating: 0, count: 32)
        guard RAND_bytes(&fresh, 32) == 1 else { throw KeyError.noRandomness }
        let descriptor = open(keyFile, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw KeyError.unwritable(keyFile) }
        defer { close(descriptor) }
        guard write(descriptor, fresh, 32) == 32, fsync(descriptor) == 0 else { throw KeyError.unwritable(keyFile) }
        key = fresh
    }

    func token(for lease: LeaseID) -> Secret {
        let message = Array("anycode runner \(lease)".utf8)
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        _ = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, &length)
        return Secret(
            digest.prefix(Int(length)).map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined())
    }

    enum KeyError: Error, CustomStringConvertible {
        case damaged(String)
        case unwritable(String)
        case noRandomness

        var description: String {
            switch self {
            case .damaged(let path):
                "\(path) is damaged: it must hold 32 bytes. Restore it, or remove it while no sandbox runs"
            case .unwritable(let path): "\(path) cannot be written"
            case .noRandomness: "the system gives no random numbers"
            }
        }
    }
}
