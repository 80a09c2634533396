package import AnycodeCore

extension TelegramPlatform {
    package func fetch(_ file: SentFile, limit: Int) async throws(ChatError) -> [UInt8] {
        if let bytes = file.bytes, bytes > limit {
            throw ChatError(.rejected, "it is larger than \(limit >> 20) MB")
        }
        do throws(TelegramFailure) {
            let place = try await client.call(GetFile(fileId: file.reference))
            guard let path = place.filePath else {
                throw TelegramFailure(.refused(code: 400), "Telegram does not hand out the file.")
            }
            return try await client.download(path, limit: limit)
        } catch {
            throw error.chatError(isRepeatable: true)
        }
    }
}
