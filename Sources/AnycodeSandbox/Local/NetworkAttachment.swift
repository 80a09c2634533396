import AnycodeCore
import CSandboxSystem
import Glibc

/// A sandbox's network namespace in the daemon's hands, and the programs that connect it.
struct NetworkAttachment: Sendable {
    let tools: PrivateNetwork
    let network: Descriptor
    /// The user namespace whose rights rule `network`; not always the one that `pid` is in now.
    let owner: Descriptor

    init(pid: Int32, programs: LocalSandboxProvider.Programs) throws(SandboxError) {
        tools = try PrivateNetwork(programs)
        do throws(SystemError) {
            network = try Descriptor.open("/proc/\(pid)/ns/net", O_RDONLY)
            let raw = anycode_owning_user_namespace(network.raw)
            guard raw >= 0 else { throw SystemError("NS_GET_USERNS") }
            owner = Descriptor(owning: raw)
        } catch {
            throw SandboxError(error, doing: "opening the sandbox's network")
        }
    }

    static func failure(saying reason: String) -> SandboxError {
        let hint =
            access("/dev/net/tun", R_OK | W_OK) == 0
            ? "Set network = \"none\" or network = \"host\", or update the package passt."
            : "Make /dev/net/tun usable (modprobe tun; chmod 666 /dev/net/tun), or set network = \"none\" or "
                + "network = \"host\"."
        return SandboxError(.misconfigured, "pasta could not connect the sandbox's network: \(reason)", hint: hint)
    }
}

extension PrivateNetwork {
    init(_ programs: LocalSandboxProvider.Programs) throws(SandboxError) {
        pasta = try ProgramLookup.require(
            programs.pasta, package: "passt", alternative: "set network = \"none\" or network = \"host\"")
        nsenter = try ProgramLookup.require(programs.nsenter, package: "util-linux")
        ip = try ProgramLookup.require(
            programs.ip, package: "iproute2", alternative: "set network = \"none\" or network = \"host\"")
    }
}
