import FuyunPolicy
import FuyunProtocol

/// Takes the text of requests apart, strictly by RFC 9112: what two readers could understand differently is refused.
///
/// Refused are, among others: lines that do not end in CRLF, folded fields, a space before a field's colon, control
/// characters, a length given twice or together with a transfer coding, and every transfer coding but `chunked`.
enum RequestParser {
    /// The most bytes of a request's line and fields together.
    static let mostHeadBytes = 16 << 10
    /// The most bytes of one line.
    static let mostLineBytes = 8 << 10
    /// The most fields.
    static let mostFields = 64

    /// Whether the text, of two bytes at least, starts with CRLF.
    static func startsWithEmptyLine(_ text: borrowing Span<UInt8>) -> Bool {
        text[0] == carriageReturn && text[1] == lineFeed
    }

    /// How long a head is, with its empty line; nil when its end has not come yet.
    ///
    /// - Parameter start: How many bytes were looked at before.
    static func headLength(in text: borrowing Span<UInt8>, from start: Int) throws(MalformedRequest) -> Int? {
        var index = start
        while index < min(text.count, mostHeadBytes) {
            if text[unchecked: index] == lineFeed {
                guard index > 0, text[index - 1] == carriageReturn else { throw MalformedRequest() }
                if index > 2, text[index - 2] == lineFeed { return index + 1 }
            }
            index += 1
        }
        guard index < mostHeadBytes else { throw MalformedRequest() }
        return nil
    }

    /// Where a line ends, before its CRLF; nil when the end has not come yet.
    static func lineEnd(in text: borrowing Span<UInt8>, from start: Int) throws(MalformedRequest) -> Int? {
        var index = start
        while index < text.count, text[unchecked: index] >= 0x20 || text[unchecked: index] == tab { index += 1 }
        guard index - start <= mostLineBytes else { throw MalformedRequest() }
        guard index < text.count else { return nil }
        guard text[index] == carriageReturn else { throw MalformedRequest() }
        guard index + 1 < text.count else { return nil }
        guard text[index + 1] == lineFeed else { throw MalformedRequest() }
        return index
    }

    /// Reads a request's line and fields, the empty line behind them included.
    static func head(_ text: borrowing Span<UInt8>) throws(MalformedRequest) -> RequestHead {
        guard let end = try lineEnd(in: text, from: 0) else { throw MalformedRequest() }
        var head = try requestLine(text, 0..<end)
        head.fields.reserveCapacity(8)
        var start = end + 2
        while let end = try lineEnd(in: text, from: start), end > start {
            guard head.fields.count < mostFields else { throw MalformedRequest() }
            head.fields.append(try field(text, start..<end))
            start = end + 2
        }
        try head.settle()
        return head
    }

    /// Reads the line before a chunk: its size in hexadecimal; extensions behind a semicolon say nothing here.
    static func chunkSize(
        _ text: borrowing Span<UInt8>,
        _ line: Range<Int>
    ) throws(MalformedRequest) -> UInt64 {
        var size: UInt64 = 0
        var index = line.lowerBound
        while index < line.upperBound, let digit = text[index].lowercasedASCII.hexadecimalDigit {
            size = size << 4 | UInt64(digit)
            index += 1
        }
        let hasEnded = index == line.upperBound || text[index] == UInt8(ascii: ";") || text[index].isBlank
        guard (1...15).contains(index - line.lowerBound), hasEnded else { throw MalformedRequest() }
        return size
    }

    /// Checks a field and leaves it alone: those behind the last chunk.
    static func checkField(_ text: borrowing Span<UInt8>, _ line: Range<Int>) throws(MalformedRequest) {
        _ = try field(text, line)
    }

    // MARK: - Lines

    /// `METHOD target HTTP/1.1`, one space between each.
    private static func requestLine(
        _ text: borrowing Span<UInt8>,
        _ line: Range<Int>
    ) throws(MalformedRequest) -> RequestHead {
        var methodEnd = line.lowerBound
        while methodEnd < line.upperBound, text[methodEnd].isTokenCharacter { methodEnd += 1 }
        var targetEnd = methodEnd + 1
        while targetEnd < line.upperBound, (0x21...0x7E).contains(text[targetEnd]) { targetEnd += 1 }
        guard methodEnd > line.lowerBound, targetEnd > methodEnd + 1, targetEnd < line.upperBound,
            text[methodEnd] == space, text[targetEnd] == space
        else { throw MalformedRequest() }
        let version = (targetEnd + 1)..<line.upperBound
        let isCurrent = equals(text, version, "HTTP/1.1")
        guard isCurrent || equals(text, version, "HTTP/1.0") else { throw MalformedRequest() }
        let method = line.lowerBound..<methodEnd
        return RequestHead(
            method: equals(text, method, "GET") ? .get : equals(text, method, "POST") ? .post : .other,
            target: string(text, (methodEnd + 1)..<targetEnd),
            isCurrent: isCurrent
        )
    }

    /// `name: value`, spaces around the value left out.
    private static func field(
        _ text: borrowing Span<UInt8>,
        _ line: Range<Int>
    ) throws(MalformedRequest) -> (name: String, value: String) {
        var colon = line.lowerBound
        while colon < line.upperBound, text[colon].isTokenCharacter { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, text[colon] == UInt8(ascii: ":") else {
            throw MalformedRequest()
        }
        var (start, end) = (colon + 1, line.upperBound)
        while start < end, text[start].isBlank { start += 1 }
        while end > start, text[end - 1].isBlank { end -= 1 }
        for index in start..<end where text[index] == 0x7F { throw MalformedRequest() }
        return (string(text, line.lowerBound..<colon), string(text, start..<end))
    }

    private static func equals(_ text: borrowing Span<UInt8>, _ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where text[range.lowerBound + offset] != word.utf8Start[offset] { return false }
        return true
    }

    private static func string(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> String {
        text.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    private static let tab = UInt8(ascii: "\t")
    private static let space = UInt8(ascii: " ")
    private static let carriageReturn: UInt8 = 0x0D
    private static let lineFeed: UInt8 = 0x0A
}

extension RequestHead {
    /// Finds out what the fields say of the body's end and the connection's.
    fileprivate mutating func settle() throws(MalformedRequest) {
        var length: UInt64?
        var isChunked = false
        for (name, value) in fields {
            // The length tells nearly all fields apart, before any character is looked at.
            switch name.utf8.count {
            case 14 where name.matches("Content-Length"):
                // Eighteen digits always fit into 64 bits.
                guard length == nil, value.utf8.count <= 18, value.utf8.allSatisfy(\.isASCIIDigit),
                    let number = UInt64(value)
                else { throw MalformedRequest() }
                length = number
            case 17 where name.matches("Transfer-Encoding"):
                // No version before 1.1 knows chunks, and such a request's connection would end with it.
                guard !isChunked, isCurrent, value.matches("chunked") else { throw MalformedRequest() }
                isChunked = true
            case 10 where name.matches("Connection"):
                for option in value.utf8.split(separator: UInt8(ascii: ",")) {
                    let option = option.drop(while: \.isBlank).reversed().drop(while: \.isBlank).reversed()
                    let text = String(decoding: Array(option), as: UTF8.self)
                    if text.matches("close") { closes = true }
                    if text.matches("keep-alive") { stays = true }
                }
            default: break
            }
        }
        guard length == nil || !isChunked else { throw MalformedRequest() }
        framing = isChunked ? .chunked : .length(length ?? 0)
    }
}

extension UInt8 {
    /// Whether it is a space or a tab, which may stand around values.
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    /// Whether it may stand in a method's or a field's name (RFC 9110, section 5.6.2).
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "!"),
            UInt8(ascii: "#")...UInt8(ascii: "'"),  // # $ % & '
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "^")...UInt8(ascii: "`"),  // ^ _ `
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
