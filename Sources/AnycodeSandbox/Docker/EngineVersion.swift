import Synchronization

/// A version of the Engine's API: `1.41`.
struct EngineVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int

    /// The oldest and newest that this client speaks. 1.40 is that of Engine 19.03.
    static let oldest = EngineVersion(1, 40)
    static let newest = EngineVersion(1, 55)

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 2, parts[0] >= 0, parts[1] >= 0 else { return nil }
        self.init(parts[0], parts[1])
    }

    var description: String { "\(major).\(minor)" }

    static func < (one: Self, other: Self) -> Bool { (one.major, one.minor) < (other.major, other.minor) }

    /// The newest version that both sides speak.
    static func common(with offer: Offer) throws(EngineError) -> EngineVersion {
        guard let highest = EngineVersion(offer.apiVersion) else {
            throw .malformed("its version \"\(offer.apiVersion.prefix(20))\" is not understood")
        }
        // Engines before 1.12 did not tell; none of those reaches our oldest.
        let lowest = offer.minAPIVersion.flatMap { EngineVersion($0) } ?? oldest
        guard highest >= oldest else {
            throw .incompatible("it speaks API \(highest) and \(oldest) is needed: update it to 19.03 or later")
        }
        guard lowest <= newest else {
            throw .incompatible(
                "it refuses API versions below \(lowest) and this program knows \(newest): update Anycode")
        }
        return min(highest, newest)
    }

    /// `GET /version`.
    struct Offer: Decodable, Sendable {
        let apiVersion: String
        let minAPIVersion: String?

        enum CodingKeys: String, CodingKey {
            case apiVersion = "ApiVersion"
            case minAPIVersion = "MinAPIVersion"
        }
    }
}

/// The version in use; forgotten when the connection breaks, because a restarted Engine may be another one.
final class AgreedVersion: Sendable {
    private let version = Mutex<EngineVersion?>(nil)

    var current: EngineVersion? { version.withLock { $0 } }

    func agree(on new: EngineVersion) {
        version.withLock { $0 = new }
    }

    func forget() {
        version.withLock { $0 = nil }
    }
}
