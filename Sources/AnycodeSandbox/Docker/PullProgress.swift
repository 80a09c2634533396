#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Sums up the messages of a pull in a few words.
struct PullProgress: Sendable {
    struct Message: Decodable, Sendable {
        let status: String?
        let id: String?
        let progress: Progress?
        let error: String?

        struct Progress: Decodable, Sendable {
            let current: Int?
            let total: Int?
        }

        enum CodingKeys: String, CodingKey {
            case status, id, error
            case progress = "progressDetail"
        }
    }

    private let image: String
    private var layers: [String: (current: Int, total: Int)] = [:]
    private var lastTenth = -1
    private(set) var error: String?

    init(image: String) {
        self.image = image
    }

    /// Words worth telling: once per tenth of what is known to come.
    mutating func receive(_ line: [UInt8]) -> String? {
        guard let message = try? JSONDecoder().decode(Message.self, from: Data(line)) else { return nil }
        if let failure = message.error {
            error = failure
            return nil
        }
        guard let id = message.id, layers[id] != nil || layers.count < 1000 else { return nil }
        switch message.status {
        case "Downloading":
            guard let current = message.progress?.current, let total = message.progress?.total, total > 0 else {
                return nil
            }
            layers[id] = (min(current, total), total)
        case "Download complete", "Pull complete":
            guard let layer = layers[id] else { return nil }
            layers[id] = (layer.total, layer.total)
        default: return nil
        }
        return words()
    }

    private mutating func words() -> String? {
        let total = layers.values.reduce(0) { $0 + $1.total }
        let current = layers.values.reduce(0) { $0 + $1.current }
        let tenth = total > 0 ? current * 10 / total : 0
        guard tenth > lastTenth else { return nil }
        lastTenth = tenth
        return "pulling image \(image): \(current / 1_000_000) of \(total / 1_000_000) MB"
    }
}
