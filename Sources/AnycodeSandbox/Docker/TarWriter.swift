/// Writes archives of a few files and directories in the format of POSIX 1003.1-1988 (ustar).
struct TarWriter: Sendable {
    /// Who owns an entry, in the container's numbers.
    struct Owner: Hashable, Sendable {
        var user: UInt32
        var group: UInt32

        static let root = Owner(user: 0, group: 0)
    }

    private(set) var bytes: [UInt8] = []

    /// - Parameter capacity: Bytes that are expected, so that a large file is not moved about.
    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity + 8192)
    }

    /// Paths are relative, of at most 99 bytes.
    mutating func add(directory path: String, mode: UInt32, owner: Owner) {
        addHeader("\(path)/", size: 0, type: UInt8(ascii: "5"), mode: mode, owner: owner)
    }

    mutating func add(file path: String, _ content: some Collection<UInt8>, mode: UInt32, owner: Owner) {
        addHeader(path, size: content.count, type: UInt8(ascii: "0"), mode: mode, owner: owner)
        bytes.append(contentsOf: content)
        pad()
    }

    mutating func add(link path: String, to target: String) {
        addHeader(path, size: 0, type: UInt8(ascii: "2"), mode: 0o777, owner: .root, link: target)
    }

    /// The archive; two empty blocks end it.
    consuming func finished() -> [UInt8] {
        var result = bytes
        bytes = []
        result.append(contentsOf: repeatElement(0, count: 1024))
        return result
    }

    private mutating func pad() {
        bytes.append(contentsOf: repeatElement(0, count: (512 - bytes.count % 512) % 512))
    }

    private mutating func addHeader(
        _ path: String, size: Int, type: UInt8, mode: UInt32, owner: Owner, link: String = ""
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Collection<UInt8>, at offset: Int, _ limit: Int) {
            header.replaceSubrange(offset..<offset + min(limit, text.count), with: text.prefix(limit))
        }
        func put(octal value: Int, at offset: Int, digits: Int) {
            let text = String(value, radix: 8)
            put((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8, at: offset, digits)
        }
        put(path.utf8, at: 0, 99)
        put(octal: Int(mode), at: 100, digits: 7)
        put(octal: Int(owner.user), at: 108, digits: 7)
        put(octal: Int(owner.group), at: 116, digits: 7)
        put(octal: size, at: 124, digits: 11)
        put(octal: 0, at: 136, digits: 11)
        header[156] = type
        put(link.utf8, at: 157, 99)
        put("ustar\u{0}00".utf8, at: 257, 8)
        // The sum counts its own field as spaces.
        put(repeatElement(UInt8(ascii: " "), count: 8), at: 148, 8)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal: sum, at: 148, digits: 6)
        header[154] = 0
        bytes += header
    }
}

/// Reads what the Engine packs when it is asked for one file.
enum TarReader {
    /// The first regular file's bytes; `nil` when there is none or the archive is cut off.
    static func firstFile(of archive: [UInt8]) -> [UInt8]? {
        var offset = 0
        while offset + 512 <= archive.count {
            let header = archive[offset..<offset + 512]
            guard header.contains(where: { $0 != 0 }) else { return nil }
            let digits = archive[offset + 124..<offset + 136].filter { (0x30...0x37).contains($0) }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 8) else { return nil }
            let start = offset + 512
            let type = archive[offset + 156]
            guard size <= archive.count - start else { return nil }
            if type == 0 || type == UInt8(ascii: "0") { return Array(archive[start..<start + size]) }
            offset = start + (size + 511) / 512 * 512
        }
        return nil
    }
}
