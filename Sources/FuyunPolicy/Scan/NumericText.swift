/// A number written inside a string: `1280`, `29.97` or a ratio, `30000/1001`.
struct NumericText {
    /// The number; nil when the text is none, is longer than 64 bytes, or divides by zero.
    let value: Double?

    private static let mostBytes = 64

    /// Reads the content of a string, from `start` up to its closing quote at `end`.
    init(_ base: UnsafeRawPointer, from start: Int, to end: Int) {
        var bytes = UnescapedBytes(base, from: start, to: end)
        var buffer = InlineArray<64, UInt8>(repeating: 0)
        var count = 0
        while let byte = bytes.next() {
            guard count < Self.mostBytes else {
                value = nil
                return
            }
            // Spaces in front are dropped at once, so that they do not fill the buffer.
            if count == 0, byte == UInt8(ascii: " ") { continue }
            buffer[count] = byte
            count += 1
        }
        while count > 0, buffer[count - 1] == UInt8(ascii: " ") { count -= 1 }
        value = buffer.span.withUnsafeBytes { Self.parse(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    private static func parse(_ text: UnsafeRawBufferPointer) -> Double? {
        guard let base = text.baseAddress else { return nil }
        let number = JSONNumber(base, from: 0, limit: text.count)
        guard number.isWhole else { return nil }
        if number.end == text.count { return number.value }
        guard text[number.end] == UInt8(ascii: "/") else { return nil }
        let divisor = JSONNumber(base, from: number.end + 1, limit: text.count)
        guard divisor.isWhole, divisor.end == text.count, divisor.value != 0 else { return nil }
        return number.value / divisor.value
    }
}
