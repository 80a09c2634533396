import AnycodeCore
import Glibc

/// The files of `/etc` that the sandbox gets instead of the machine's.
struct SyntheticFiles: Sendable {
    let files: [String: String]

    init(nameservers: [String], searchDomains: String?, localRepository: String?) {
        let id = SandboxUser.innerID
        var files = [
            "passwd": """
            root:x:0:0:root:/root:/usr/sbin/nologin
            agent:x:\(id):\(id):agent:/home/agent:/bin/sh
            nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

            """,
            "group": "root:x:0:\nagent:x:\(id):\nnogroup:x:65534:\n",
            "hosts": "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost ip6-loopback\n",
            "hostname": "sandbox\n",
            "shells": "/bin/sh\n/bin/bash\n",
        ]
        files["resolv.conf"] =
            nameservers.map { "nameserver \($0)\n" }.joined() + (searchDomains.map { "search \($0)\n" } ?? "")
        // Git refuses to clone what belongs to another user unless told (safe.directory, CVE-2022-24765).
        if let localRepository {
            let quoted = localRepository.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            files["gitconfig"] =
                "[safe]\n\tdirectory = \"\(quoted)\"\n\tdirectory = \"\(quoted)/.git\"\n"
        }
        self.files = files
    }

    func write(to directory: String) throws(SandboxError) {
        do throws(SystemError) {
            for (name, text) in files {
                let path = "\(directory)/\(name)"
                let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
                guard fchmod(file.raw, 0o644) == 0 else { throw SystemError("chmod") }
                try file.write(Array(text.utf8))
            }
        } catch {
            throw SandboxError(error, doing: "writing the sandbox's files")
        }
    }
}
