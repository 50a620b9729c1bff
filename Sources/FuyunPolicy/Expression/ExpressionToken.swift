/// A piece of an expression.
struct ExpressionToken: Equatable {
    enum Content: Equatable {
        case number(Double)
        case name(String)
        case symbol(Character)
        case end
    }

    var content: Content
    /// The character where it begins, from 1.
    var character: Int

    var description: String {
        switch content {
        case .number(let value): decimal(value)
        case .name(let name): quoted(name)
        case .symbol(let symbol): quoted(String(symbol))
        case .end: "the end of the expression"
        }
    }

    /// Cuts a text into tokens; the last one is always `end`.
    static func tokens(of text: String) throws(ExpressionError) -> [ExpressionToken] {
        let characters = Array(text.unicodeScalars)
        guard characters.count <= ExpressionProgram.maximumLength else {
            throw ExpressionError(
                kind: .tooLarge,
                message: "the expression has \(characters.count) characters, "
                    + "at most \(ExpressionProgram.maximumLength) are allowed",
                character: ExpressionProgram.maximumLength + 1
            )
        }
        var tokens: [ExpressionToken] = []
        var index = 0
        while index < characters.count {
            let start = index
            let scalar = characters[index]
            switch scalar {
            case " ", "\t", "\n", "\r": index += 1
            case "0"..."9":
                let value = try number(characters, &index)
                tokens.append(ExpressionToken(content: .number(value), character: start + 1))
            case "A"..."Z", "a"..."z", "_":
                while index < characters.count, characters[index].isWord { index += 1 }
                let name = String(String.UnicodeScalarView(characters[start..<index]))
                tokens.append(ExpressionToken(content: .name(name), character: start + 1))
            case "+", "-", "*", "/", "^", "(", ")", ",":
                if scalar == "*", start + 1 < characters.count, characters[start + 1] == "*" {
                    throw ExpressionError(
                        kind: .syntax,
                        message: "found \"**\", a power is written \"^\"",
                        character: start + 1
                    )
                }
                tokens.append(ExpressionToken(content: .symbol(Character(scalar)), character: start + 1))
                index += 1
            default:
                throw ExpressionError(
                    kind: .syntax,
                    message:
                        "found \(quoted(String(scalar))), expected a number, a variable, a function or one of + - * / ^",
                    character: start + 1
                )
            }
        }
        tokens.append(ExpressionToken(content: .end, character: characters.count + 1))
        return tokens
    }

    private static func number(
        _ characters: [Unicode.Scalar],
        _ index: inout Int
    ) throws(ExpressionError) -> Double {
        let start = index
        func skipDigits() -> Bool {
            let first = index
            while index < characters.count, ("0"..."9").contains(characters[index]) { index += 1 }
            return index > first
        }
        func peek() -> Unicode.Scalar? { index < characters.count ? characters[index] : nil }
        var isWhole = skipDigits()
        if peek() == "." {
            index += 1
            isWhole = skipDigits()
        }
        if isWhole, peek() == "e" || peek() == "E" {
            index += 1
            if peek() == "+" || peek() == "-" { index += 1 }
            isWhole = skipDigits()
        }
        let text = String(String.UnicodeScalarView(characters[start..<index]))
        guard isWhole, peek()?.isWord != true, peek() != "." else {
            throw ExpressionError(
                kind: .syntax,
                message: "found \(quoted(text)), expected a number like 30, 0.5 or 1e6",
                character: start + 1
            )
        }
        guard let value = Double(text), value.isFinite else {
            throw ExpressionError(
                kind: .badNumber,
                message: "the number \(quoted(text)) is beyond what a 64-bit float holds",
                character: start + 1
            )
        }
        return value
    }
}

extension Unicode.Scalar {
    fileprivate var isWord: Bool { isASCII && UInt8(value).isWordByte }
}
