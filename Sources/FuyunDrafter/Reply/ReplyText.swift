import FuyunPolicy

/// Finds the JSON object in what a model said: alone, in a code fence, or with prose around it.
enum ReplyText {
    /// The longest answer that is looked at, in bytes; more than a proposal ever needs.
    static let maximumSize = 256 << 10
    /// How many places where an object might begin are tried.
    private static let maximumTries = 64

    /// What came of the search.
    enum Found {
        case success(JSONValue)
        case failure(Diagnostic)
    }

    /// The object, or why there is none.
    static func object(in reply: String) -> Found {
        let bytes = Array(reply.utf8)
        guard bytes.count <= maximumSize else {
            return .failure(
                Diagnostic(
                    severity: .error,
                    path: "$",
                    code: "reply_too_large",
                    message: "the answer has \(bytes.count) bytes, expected at most \(maximumSize)"
                )
            )
        }
        var failure: Diagnostic?
        var other: JSONValue?
        var longest = 0
        for span in spans(of: bytes) {
            do throws(JSONSyntaxError) {
                let value = try JSONDocument.parse(Array(bytes[span])).root
                if value["proposal"] != nil { return .success(value) }
                if other == nil || span.count > longest { other = value }
            } catch {
                // The longest piece is the one that was meant to be the answer.
                if other == nil, span.count > longest { failure = Diagnostic(error) }
            }
            longest = max(longest, span.count)
        }
        if let failure, other == nil { return .failure(failure) }
        if let other { return .success(other) }
        return .failure(
            Diagnostic(
                severity: .error,
                path: "$",
                code: "reply_without_json",
                message: "there is no JSON object in the answer, expected one with \"analysis\" and \"proposal\""
            )
        )
    }

    /// Where an object begins and ends, by counting braces outside strings; one that never ends goes to the end of the text.
    private static func spans(of bytes: [UInt8]) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var index = 0
        while spans.count < maximumTries, let start = bytes[index...].firstIndex(of: UInt8(ascii: "{")) {
            guard let end = end(of: bytes, from: start) else {
                spans.append(start..<bytes.count)
                // There may still be a whole one behind a stray brace.
                index = start + 1
                continue
            }
            spans.append(start..<end)
            index = end
        }
        return spans
    }

    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        var depth = 0
        var isString = false
        var isEscaped = false
        for index in start..<bytes.count {
            let byte = bytes[index]
            if isString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isString = true
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return index + 1 }
            default: break
            }
        }
        return nil
    }
}
