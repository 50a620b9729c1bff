/// Reads one JSON text into a tree.
///
/// Recursion is bounded by `JSONDocument.maximumDepth`.
struct JSONParser {
    private let bytes: [UInt8]
    private var index = 0
    // Positions are asked for in growing order, so that counting columns stays linear over the whole text.
    private var mark = 0
    private var line = 1
    private var column = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        guard bytes.count <= JSONDocument.maximumSize else {
            throw failure(
                .tooLarge,
                "the text has \(bytes.count) bytes, at most \(JSONDocument.maximumSize) are read"
            )
        }
        try checkEncoding()
        skipSpace()
        guard index < bytes.count else { throw failure(.unexpectedEnd, "the text is empty, expected a JSON value") }
        let root = try value(depth: 0)
        skipSpace()
        guard index == bytes.count else {
            throw failure(.trailingData, "found \(found) after the document, expected its end")
        }
        return root
    }

    private mutating func checkEncoding() throws(JSONSyntaxError) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw failure(.syntax, "the text begins with a byte order mark, expected JSON without one")
        }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            index = error.byteOffsets.lowerBound
            throw failure(.badUTF8, "the text is not valid UTF-8 here")
        }
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        let start = position()
        guard index < bytes.count else { throw failure(.unexpectedEnd, "the text ends, expected a JSON value") }
        let content: JSONValue.Content
        switch bytes[index] {
        case UInt8(ascii: "{"): content = .object(try members(depth: depth + 1))
        case UInt8(ascii: "["): content = .array(try elements(depth: depth + 1))
        case UInt8(ascii: "\""): content = .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): content = .number(try number())
        case UInt8(ascii: "t"): content = try literal("true", .bool(true))
        case UInt8(ascii: "f"): content = try literal("false", .bool(false))
        case UInt8(ascii: "n"): content = try literal("null", .null)
        case UInt8(ascii: "+"), UInt8(ascii: "."):
            throw failure(.badNumber, "found \(found), a JSON number begins with a digit or a minus sign")
        default: throw failure(.syntax, "found \(found), expected a JSON value")
        }
        return JSONValue(content, position: start)
    }

    private mutating func members(depth: Int) throws(JSONSyntaxError) -> [JSONMember] {
        try enter(depth)
        var members: [JSONMember] = []
        var keys: Set<String> = []
        if take("}") { return members }
        while true {
            skipSpace()
            let start = position()
            guard index < bytes.count else { throw failure(.unexpectedEnd, "the text ends, expected a key or \"}\"") }
            guard bytes[index] == UInt8(ascii: "\"") else {
                let hint = bytes[index] == UInt8(ascii: "}") ? " (a comma may not come last)" : ""
                throw failure(.syntax, "found \(found), expected a key in double quotes\(hint)")
            }
            let key = try string()
            guard keys.insert(key).inserted else {
                throw JSONSyntaxError(
                    kind: .duplicateKey,
                    message: "the key \(quoted(key)) is already in this object",
                    position: start
                )
            }
            guard take(":") else { throw failure(endOr(.syntax), "found \(found), expected \":\" after the key") }
            skipSpace()
            members.append(JSONMember(key: key, value: try value(depth: depth), position: start))
            if take("}") { return members }
            guard take(",") else { throw failure(endOr(.syntax), "found \(found), expected \",\" or \"}\"") }
        }
    }

    private mutating func elements(depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
        try enter(depth)
        var elements: [JSONValue] = []
        if take("]") { return elements }
        while true {
            skipSpace()
            elements.append(try value(depth: depth))
            if take("]") { return elements }
            guard take(",") else { throw failure(endOr(.syntax), "found \(found), expected \",\" or \"]\"") }
        }
    }

    private mutating func enter(_ depth: Int) throws(JSONSyntaxError) {
        guard depth <= JSONDocument.maximumDepth else {
            throw failure(.tooDeep, "nested deeper than \(JSONDocument.maximumDepth) arrays and objects")
        }
        index += 1
    }

    private mutating func literal(
        _ word: StaticString,
        _ content: JSONValue.Content
    ) throws(JSONSyntaxError) -> JSONValue.Content {
        let text = String(describing: word)
        guard bytes[index...].starts(with: text.utf8) else {
            throw failure(.syntax, "found \(found), expected a JSON value")
        }
        index += text.utf8.count
        return content
    }

    // MARK: Numbers

    private mutating func number() throws(JSONSyntaxError) -> Double {
        _ = position()
        let start = index
        if peek == UInt8(ascii: "-") { index += 1 }
        let whole = index
        try digits("a digit")
        if bytes[whole] == UInt8(ascii: "0"), index - whole > 1 {
            throw failure(.badNumber, "a number may not begin with 0 followed by a digit")
        }
        if peek == UInt8(ascii: ".") {
            index += 1
            try digits("a digit after the decimal point")
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            index += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
            try digits("a digit in the exponent")
        }
        guard index - start <= 64 else { throw failure(.badNumber, "a number has at most 64 characters") }
        guard let value = Double(String(decoding: bytes[start..<index], as: UTF8.self)), value.isFinite else {
            throw failure(.badNumber, "the number is beyond what a 64-bit float holds (about 1.8e308)")
        }
        return value
    }

    private mutating func digits(_ expected: StaticString) throws(JSONSyntaxError) {
        let start = index
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        guard index > start else { throw failure(.badNumber, "found \(found), expected \(expected)") }
    }

    // MARK: Strings

    private mutating func string() throws(JSONSyntaxError) -> String {
        index += 1
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                index += 1
                try escape(into: &text)
            case 0..<0x20:
                throw failure(.syntax, "found \(found) in a string, expected it as an escape")
            default:
                text.append(byte)
                index += 1
            }
        }
        throw failure(.unexpectedEnd, "the text ends within a string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = peek else { throw failure(.unexpectedEnd, "the text ends within a string") }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            index += 1
            let scalar = try unicodeEscape()
            text.append(contentsOf: String(Character(scalar)).utf8)
            return
        default: throw failure(.badEscape, "found \(found) after a backslash, expected one of \"\\/bfnrtu")
        }
        index += 1
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), peek == UInt8(ascii: "\\"), index + 1 < bytes.count,
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw failure(.loneSurrogate, "the escape before this place is half of a surrogate pair") }
        index += 2
        let second = try codeUnit()
        guard UTF16.isTrailSurrogate(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(first & 0x3FF) << 10) + UInt32(second & 0x3FF))
        else { throw failure(.loneSurrogate, "the escape before this place is half of a surrogate pair") }
        return scalar
    }

    private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure(endOr(.badEscape), "found \(found), expected four hexadecimal digits after \\u")
            }
            unit = unit << 4 | UInt16(digit)
            index += 1
        }
        return unit
    }

    // MARK: Bytes and places

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func position() -> JSONPosition {
        while mark < index {
            if bytes[mark] == 0x0A {
                line += 1
                column = 1
            } else if bytes[mark] & 0xC0 != 0x80 {
                column += 1
            }
            mark += 1
        }
        return JSONPosition(line: line, column: column)
    }

    private var found: String {
        guard let byte = peek else { return "the end of the text" }
        guard byte >= 0x20, byte != 0x7F else { return "the control character \(byte)" }
        guard byte >= 0x80 else { return quoted(String(Unicode.Scalar(byte))) }
        return quoted(String(String(decoding: bytes[index...].prefix(4), as: UTF8.self).prefix(1)))
    }

    private func endOr(_ kind: JSONSyntaxError.Kind) -> JSONSyntaxError.Kind {
        index < bytes.count ? kind : .unexpectedEnd
    }

    private mutating func failure(_ kind: JSONSyntaxError.Kind, _ message: String) -> JSONSyntaxError {
        JSONSyntaxError(kind: kind, message: message, position: position())
    }
}
