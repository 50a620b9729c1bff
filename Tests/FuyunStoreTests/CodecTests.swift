import FuyunProtocol
import Testing

@testable import FuyunStore

@Suite struct CodecTests {
    /// Words numbered as they come, both ways.
    private struct Words: WordNumbers, WordTexts {
        var texts: [String] = []
        var isFull = false

        mutating func number(of word: String) -> UInt64? {
            if let index = texts.firstIndex(of: word) { return UInt64(index) + 1 }
            if isFull { return nil }
            texts.append(word)
            return UInt64(texts.count)
        }

        func text(of number: UInt64) throws -> String {
            guard (1...UInt64(texts.count + 1)).contains(number), number <= UInt64(texts.count) else {
                throw CompactBytesError()
            }
            return texts[Int(number) - 1]
        }
    }

    private func bytes(_ record: ObservationRecord, _ words: inout Words) throws -> [UInt8] {
        var writer = CompactWriter(capacity: 64)
        try ObservationCodec.write(record, receivedAt: moment(0), words: &words, into: &writer)
        return writer.bytes
    }

    private func read(_ bytes: [UInt8], _ words: inout Words) throws -> ObservationRecord {
        try ObservationCodec.read(bytes, function: "guest/video", receivedAt: moment(0), words: &words)
    }

    @Test("every record comes back as it was, with numbered words and with words written out")
    func roundTrip() throws {
        for isFull in [false, true] {
            var words = Words(isFull: isFull)
            for record in ObservationSamples.all {
                #expect(try read(bytes(record, &words), &words) == record)
            }
        }
    }

    @Test("a record is read as it was written by the first version, and is small")
    func golden() throws {
        var words = Words()
        let bytes = try bytes(observation(1), &words)
        #expect(bytes == Self.firstForm)
        #expect(words.texts == ["policy", "width", "height", "fps", "duration", "op", "watermark"])
        #expect(try read(Self.firstForm, &words) == observation(1))
    }

    /// What the first version wrote; the tables of real installations are full of such.
    private static let firstForm: [UInt8] = [
        0x01, 0xA0, 0xC7, 0x00, 0x00, 0xA2, 0xF1, 0x50, 0x66, 0x01, 0x9E, 0x1F, 0x82, 0x89, 0x0F, 0x01, 0x03, 0x06,
        0x8E,
        0x84, 0x81, 0x57, 0xCA, 0xB6, 0x81, 0x5B, 0x81, 0x80, 0x04, 0x81, 0x80, 0x04, 0x81, 0x80, 0x10, 0x81, 0x84,
        0x03,
        0x81, 0x80, 0x03, 0x81, 0xE8, 0x02, 0x01, 0x05, 0x09, 0x80, 0x14, 0x0D, 0xA0, 0x0B, 0x12, 0xA4, 0xD4, 0x03,
        0x16,
        0xA8, 0xC3, 0x01, 0x18, 0x07,
    ]

    @Test("bytes that are cut short, longer or of another form are refused, never read beyond")
    func damaged() throws {
        var words = Words()
        for record in ObservationSamples.all.prefix(40) {
            let bytes = try bytes(record, &words)
            for count in 0..<bytes.count {
                let cut = Array(bytes.prefix(count))
                #expect(throws: (any Error).self) { try read(cut, &words) }
            }
            #expect(throws: (any Error).self) { try read(bytes + [0], &words) }
            #expect(throws: (any Error).self) { try read([2] + bytes.dropFirst(), &words) }
            // Any single byte may be anything: an error or another record, but an end.
            for position in bytes.indices {
                for value in [0x00, 0x7F, 0x80, 0xFF] as [UInt8] {
                    var changed = bytes
                    changed[position] = value
                    _ = try? read(changed, &words)
                }
            }
        }
    }

    @Test("numbers take no more bytes than they need", arguments: [(0, 1), (127, 1), (128, 2), (.max, 10)])
    func numbers(value: UInt64, length: Int) throws {
        var writer = CompactWriter(capacity: 16)
        writer.number(value)
        #expect(writer.bytes.count == length)
        var reader = CompactReader(writer.bytes)
        #expect(try reader.number() == value)
        #expect(reader.isAtEnd)
    }

    @Test("a number too long for 64 bits is refused")
    func overlongNumber() {
        var reader = CompactReader([UInt8](repeating: 0xFF, count: 9) + [2])
        #expect(throws: CompactBytesError.self) { try reader.number() }
    }
}
