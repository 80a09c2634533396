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

/// A connection to a program of the same sandbox.
enum LoopbackChannel {
    typealias Stream = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    static func connect(
        _ host: String, _ port: Int, on group: any EventLoopGroup,
        prepare: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> Stream {
        try await ClientBootstrap(group: group).connectTimeout(.seconds(10)).connect(host: host, port: port) {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try prepare(channel)
                return try Stream(wrappingChannelSynchronously: channel)
            }
        }
    }
}
