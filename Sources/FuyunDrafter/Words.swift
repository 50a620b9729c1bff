/// A number as people write it.
func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value), whole.magnitude <= 1 << 53 { return String(whole) }
    return value.description
}

/// A text in double quotes for a message: one line, no control characters, cut to what a person reads.
func quoted(_ text: String, limit: Int = 80) -> String {
    var result = "\""
    for scalar in text.unicodeScalars.prefix(limit) {
        switch scalar {
        case "\"", "\\": result += "\\" + String(Character(scalar))
        case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": result += " "
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + (text.unicodeScalars.count > limit ? "…\"" : "\"")
}

/// `"a", "b" or "c"`.
func oneOf(_ words: [String]) -> String {
    let quotedWords = words.prefix(24).map { "\"\($0)\"" }
    guard let last = quotedWords.last, quotedWords.count > 1 else { return quotedWords.first ?? "nothing" }
    return quotedWords.dropLast().joined(separator: ", ") + (words.count > 24 ? ", \(last), …" : " or \(last)")
}

extension String {
    /// The first bytes of a text, never half a character.
    func prefix(bytes count: Int) -> Substring {
        guard utf8.count > count else { return self[...] }
        var end = utf8.index(utf8.startIndex, offsetBy: count)
        while end > startIndex, Unicode.Scalar(UInt32(utf8[end])).map({ $0.value & 0xC0 == 0x80 }) ?? false {
            end = utf8.index(before: end)
        }
        return self[..<end]
    }
}
