import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

@Suite struct EventLogTests {
    private func open(_ folder: String, segment: Int = 4 << 20, total: Int = 64 << 20, lastEvent: UInt64 = 0) throws
        -> EventLog
    {
        var limits = EventLog.Limits()
        limits.segmentBytes = segment
        limits.totalBytes = total
        return try EventLog(directory: folder, limits: limits, lastEvent: lastEvent) { _, _ in }
    }

    private func read(_ log: EventLog, after cursor: UInt64, limit: Int = 1 << 20) throws -> [EventReader.Item] {
        var reader = EventReader(log: log, after: cursor)
        var items: [EventReader.Item] = []
        while case let batch = try reader.next(limit: limit), !batch.isEmpty { items += batch }
        return items
    }

    private func numbers(_ items: [EventReader.Item]) -> [UInt64] {
        items.compactMap { if case .event(let number, _) = $0 { number } else { nil } }
    }

    @Test func eventsAreNumberedFromOneAndReadBack() async throws {
        try await withTemporaryDirectory { directory in
            let log = try open(directory.path)
            for number in 1...5 {
                #expect(try log.appendEvent(Array("e\(number)".utf8)).number == UInt64(number))
                try log.append(.sent, Array("s".utf8))
            }
            #expect(
                try read(log, after: 3) == [
                    .event(number: 4, payload: Array("e4".utf8)), .event(number: 5, payload: Array("e5".utf8)),
                ])
        }
    }

    @Test(arguments: 0...20) func replayFromEachNumberIsComplete(cursor: Int) async throws {
        try await withTemporaryDirectory { directory in
            let log = try open(directory.path, segment: 64)
            for _ in 1...20 { _ = try log.appendEvent(Array("payload".utf8)) }
            #expect(numbers(try read(log, after: UInt64(cursor), limit: 10)) == (cursor..<20).map { UInt64($0 + 1) })
        }
    }

    @Test func numbersGoOnAfterReopening() async throws {
        try await withTemporaryDirectory { directory in
            let log = try open(directory.path, segment: 50)
            for _ in 1...7 { _ = try log.appendEvent([1, 2, 3]) }
            let again = try open(directory.path, segment: 50)
            #expect(again.lastEvent == 7)
            #expect(try again.appendEvent([4]).number == 8)
            #expect(numbers(try read(again, after: 0)) == Array(1...8))
        }
    }

    @Test(arguments: [1, 9, 20]) func aTornLastRecordIsDropped(cut: Int) async throws {
        try await withTemporaryDirectory { directory in
            let log = try open(directory.path)
            for _ in 1...3 { _ = try log.appendEvent(Array("0123456789".utf8)) }
            let path = directory.path + "/00000000000000000001.seg"
            let bytes = try Data(contentsOf: URL(filePath: path))
            try bytes.prefix(bytes.count - cut).write(to: URL(filePath: path))
            let again = try open(directory.path)
            #expect(again.lastEvent == 2)
            #expect(try again.appendEvent([9]).number == 3)
            #expect(try read(again, after: 2) == [.event(number: 3, payload: [9])])
        }
    }

    @Test func aDamagedRecordEndsItsSegmentAndShowsAsAGap() async throws {
        try await withTemporaryDirectory { directory in
            let log = try open(directory.path, segment: 60)
            for _ in 1...6 { _ = try log.appendEvent(Array("0123456789".utf8)) }
            let path = directory.path + "/00000000000000000001.seg"
            var bytes = try Data(contentsOf: URL(filePath: path))
            bytes[bytes.count - 1] ^= 0xFF
            try bytes.write(to: URL(filePath: path))
            let items = try read(try open(directory.path, segment: 60), after: 0)
            #expect(numbers(items) == [1, 2, 4, 5, 6])
            #expect(items.contains(.gap(from: 3, to: 3)))
        }
    }

    @Test func segmentsBehindTheAcknowledgedAreExpendable() async throws {
        try await withTemporaryDirectory { directory in
            let log = try open(directory.path, segment: 60)
            for _ in 1...9 { _ = try log.appendEvent(Array("0123456789".utf8)) }
            log.remove(try log.expendable(acknowledged: 4))
            #expect(log.firstEvent == 4)
            #expect(try read(log, after: 0).first == .gap(from: 1, to: 3))
            #expect(numbers(try read(log, after: 3)) == Array(4...9))
        }
    }

    @Test func theTotalIsCappedWithAMarkedGap() async throws {
        try await withTemporaryDirectory { directory in
            let log = try open(directory.path, segment: 200, total: 1000)
            for _ in 1...100 {
                _ = try log.appendEvent(Array(repeating: 7, count: 50))
                log.remove(try log.expendable(acknowledged: 0))
                #expect(log.size <= 1000 + 200 + 67)
            }
            let items = try read(log, after: 0)
            let first = try #require(numbers(items).first)
            #expect(items.first == .gap(from: 1, to: first - 1))
            #expect(numbers(items) == Array(first...100))
        }
    }

    @Test func everythingAcknowledgedLeavesAGapUpToTheNewest() async throws {
        try await withTemporaryDirectory { directory in
            let log = try open(directory.path, segment: 160)
            for _ in 1...4 { _ = try log.appendEvent(Array("0123456789".utf8)) }
            log.remove(try log.expendable(acknowledged: 4))
            #expect(try read(log, after: 1) == [.gap(from: 2, to: 4)])
            #expect(try log.appendEvent([1]).number == 5)
            #expect(try read(log, after: 4) == [.event(number: 5, payload: [1])])
        }
    }

    @Test func aReaderOutlivesTheCutOfItsSegment() async throws {
        try await withTemporaryDirectory { directory in
            let log = try open(directory.path, segment: 60)
            for _ in 1...6 { _ = try log.appendEvent(Array("0123456789".utf8)) }
            var reader = EventReader(log: log, after: 0)
            #expect(numbers(try reader.next(limit: 1)) == [1])
            log.remove(try log.expendable(acknowledged: 6))
            var rest: [EventReader.Item] = []
            while case let batch = try reader.next(limit: 1 << 20), !batch.isEmpty { rest += batch }
            // What it holds open it still reads; the rest is told as lost.
            #expect(rest.first == .event(number: 2, payload: Array("0123456789".utf8)))
            #expect(
                rest.last == .gap(from: 4, to: 6) || rest.last == .event(number: 6, payload: Array("0123456789".utf8)))
        }
    }
}
