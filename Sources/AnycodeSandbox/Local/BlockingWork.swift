import AnycodeCore
import Dispatch
import Glibc
import Synchronization

/// Steps that block on the kernel (files, pipes, processes), run away from Swift's own threads.
///
/// Every wait in them ends at its deadline or when the calling task is cancelled.
struct BlockingWork: Sendable {
    private static let queue = DispatchQueue(label: "anycode.sandbox.local", attributes: .concurrent)

    private let cancelled: Descriptor

    static func run<Value: Sendable>(
        _ body: @escaping @Sendable (BlockingWork) throws(SandboxError) -> Value
    ) async throws(SandboxError) -> Value {
        let work: BlockingWork
        do throws(SystemError) {
            work = BlockingWork(cancelled: try Descriptor.event())
        } catch {
            throw SandboxError(error, doing: "preparing a sandbox")
        }
        let result: Result<Value, SandboxError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async {
                    continuation.resume(returning: Result { () throws(SandboxError) in try body(work) })
                }
            }
        } onCancel: {
            try? work.cancelled.write([1, 0, 0, 0, 0, 0, 0, 0])
        }
        return try result.get()
    }

    /// For steps that must be finished even when the caller was cancelled.
    static func uninterrupted() throws(SandboxError) -> BlockingWork {
        do throws(SystemError) {
            return BlockingWork(cancelled: try Descriptor.event())
        } catch {
            throw SandboxError(error, doing: "preparing a sandbox")
        }
    }

    func checkCancellation() throws(SandboxError) {
        _ = try wait(for: [], until: .now)
    }

    /// Which of `descriptors` became readable (or ended); empty at the deadline.
    func wait(for descriptors: [Descriptor], until deadline: ContinuousClock.Instant) throws(SandboxError) -> [Int] {
        var polled = (descriptors + [cancelled]).map { pollfd(fd: $0.raw, events: Int16(POLLIN), revents: 0) }
        while true {
            let left = max(.zero, deadline - .now)
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
            let count = poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds + (left > .zero ? 1 : 0)))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw SandboxError(SystemError("poll"), doing: "waiting for a sandbox") }
            if polled[descriptors.count].revents != 0 {
                throw SandboxError(.cancelled, "cancelled while waiting for a sandbox")
            }
            return descriptors.indices.filter { polled[$0].revents != 0 }
        }
    }

    /// Whether `descriptor` became readable (or ended) before the deadline.
    func wait(for descriptor: Descriptor, until deadline: ContinuousClock.Instant) throws(SandboxError) -> Bool {
        try !wait(for: [descriptor], until: deadline).isEmpty
    }
}
