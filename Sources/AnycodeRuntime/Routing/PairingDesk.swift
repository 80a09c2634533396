package import AnycodeCore
import Synchronization

/// The one-time codes by which people become owners. In memory only: a new start makes new ones.
package final class PairingDesk: Sendable {
    enum Attempt: Hashable {
        case right
        case wrong
        /// There is no code, or not any more.
        case none
    }

    private struct Code {
        let text: String
        var wrong = 0
        /// By the runtime's clock; `nil` for ever.
        let expires: Duration?
    }

    /// How often a code may be guessed before it is void: eight hexadecimal digits are not found in so few tries.
    static let tries = 10

    private let codes = Mutex<[PlatformID: Code]>([:])

    package init() {}

    /// Makes the code that is good from now on; an older one is void.
    ///
    /// - Parameters:
    ///   - random: at least eight random hexadecimal digits.
    ///   - expires: when it is void, by the runtime's clock.
    func issue(for platform: PlatformID, random: String, expires: Duration? = nil) -> String {
        let digits = random.prefix(8).uppercased()
        let code = "\(digits.prefix(4))-\(digits.dropFirst(4))"
        codes.withLock { $0[platform] = Code(text: code, expires: expires) }
        return code
    }

    /// Whether somebody could become an owner now.
    func isOpen(_ platform: PlatformID, now: Duration) -> Bool {
        codes.withLock { codes in
            guard let code = codes[platform] else { return false }
            return code.expires.map { now < $0 } ?? true
        }
    }

    /// Takes the code if the words are it: it is good once.
    func redeem(_ words: String, for platform: PlatformID, now: Duration) -> Attempt {
        codes.withLock { codes in
            guard var code = codes[platform], code.expires.map({ now < $0 }) ?? true else {
                codes[platform] = nil
                return .none
            }
            let given = words.uppercased().filter { $0.isHexDigit }
            if given == code.text.filter({ $0.isHexDigit }) {
                codes[platform] = nil
                return .right
            }
            code.wrong += 1
            codes[platform] = code.wrong < Self.tries ? code : nil
            return .wrong
        }
    }
}

extension Runtime {
    /// How long a code is good that an operator asked for.
    package static let pairingTime: Duration = .seconds(3_600)

    /// The platforms whose owners prove themselves with a code.
    package var pairingPlatforms: [PlatformID] {
        platforms.keys.filter { configuration.access[$0]?.mode == .pairing }.sorted()
    }

    /// A fresh one-time code that makes whoever sends it an owner.
    package func issuePairingCode(for platform: PlatformID) -> String {
        pairing.issue(for: platform, random: makeID(), expires: clock.now() + Self.pairingTime)
    }
}
