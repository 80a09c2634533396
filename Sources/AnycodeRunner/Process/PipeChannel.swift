import NIOCore
import NIOPosix

/// One end of a pipe on the event loop: reading stops when the consumer does.
enum PipeChannel {
    typealias Input = NIOAsyncChannel<ByteBuffer, Never>
    typealias Output = NIOAsyncChannel<Never, ByteBuffer>

    static func reading(_ descriptor: Int32, on group: any EventLoopGroup) async throws -> Input {
        try await NIOPipeBootstrap(group: group).takingOwnershipOfDescriptor(input: descriptor) { channel in
            channel.eventLoop.makeCompletedFuture { try Input(wrappingChannelSynchronously: channel) }
        }
    }

    static func writing(_ descriptor: Int32, on group: any EventLoopGroup) async throws -> Output {
        try await NIOPipeBootstrap(group: group).takingOwnershipOfDescriptor(output: descriptor) { channel in
            channel.eventLoop.makeCompletedFuture { try Output(wrappingChannelSynchronously: channel) }
        }
    }
}
