import AnycodeCore
import CSandboxSystem
import Glibc

/// Removes a directory tree that an agent has shaped: read-only, full of links, or deeper than any stack.
///
/// Links are removed, never followed. Directories are moved up to the top before they are emptied, so that depth
/// costs neither memory nor descriptors.
struct DirectoryRemoval: Sendable {
    /// Every change of the tree is made below this.
    private let top: Descriptor
    private let path: String

    /// `nil` when there is none.
    init?(_ path: String) throws(SandboxError) {
        do throws(SystemError) {
            top = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            self.path = path
        } catch {
            if error.number == ENOENT { return nil }
            throw SandboxError(error, doing: "removing the sandbox's directory")
        }
    }

    /// - Parameter last: the one file to remove when all else is gone.
    func run(keepingUntilLast last: String) throws(SandboxError) {
        do throws(SystemError) {
            _ = fchmod(top.raw, 0o700)
            let run = String(UInt64.random(in: .min ... .max), radix: 36)
            var number = 0
            var queue = try empty(top, sparing: Array(last.utf8CString)) { ".removing-\(run)-0-\($0)" }
            while let name = queue.popLast() {
                number += 1
                let raw = openat(top.raw, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard raw >= 0 else { throw SystemError("open") }
                queue += try empty(Descriptor(owning: raw), sparing: nil) { ".removing-\(run)-\(number)-\($0)" }
                try check(unlinkat(top.raw, name, AT_REMOVEDIR), "rmdir")
            }
            try check(unlinkat(top.raw, last, 0), "unlink")
            try check(rmdir(path), "rmdir")
        } catch {
            throw SandboxError(error, doing: "removing the sandbox's directory")
        }
    }

    /// Removes the files of `directory` and moves its directories to the top; their names there.
    private func empty(
        _ directory: Descriptor, sparing: [CChar]?, newName: (Int) -> String
    ) throws(SystemError) -> [String] {
        var moved: [String] = []
        for name in try names(in: directory) where name != sparing {
            if unlinkat(directory.raw, name, 0) == 0 || errno == ENOENT { continue }
            guard errno == EISDIR || errno == EPERM else { throw SystemError("unlink") }
            // Moving a directory changes its own `..`: it must be writable.
            try makeWritable(name, in: directory)
            let target = newName(moved.count)
            try check(renameat(directory.raw, name, top.raw, target), "rename")
            moved.append(target)
        }
        return moved
    }

    /// Only ever of a directory: a file's mode does not keep it from being removed.
    private func makeWritable(_ name: [CChar], in directory: Descriptor) throws(SystemError) {
        let raw = anycode_open_place(directory.raw, name)
        guard raw >= 0 else { throw SystemError("open") }
        let handle = Descriptor(owning: raw)
        try check(chmod("/proc/self/fd/\(handle.raw)", 0o700), "chmod")
    }

    /// Names as bytes: an agent may choose any but `/` and zero.
    private func names(in directory: Descriptor) throws(SystemError) -> [[CChar]] {
        let raw = fcntl(directory.raw, F_DUPFD_CLOEXEC, 0)
        guard raw >= 0, let stream = fdopendir(raw) else { throw SystemError("opendir") }
        defer { closedir(stream) }
        rewinddir(stream)
        var found: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            if name != [0x2E, 0] && name != [0x2E, 0x2E, 0] { found.append(name) }
        }
        return found
    }

    private func check(_ result: Int32, _ call: String) throws(SystemError) {
        guard result == 0 || errno == ENOENT else { throw SystemError(call) }
    }
}
