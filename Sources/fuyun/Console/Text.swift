/// How a piece of text looks on a terminal that has colours.
enum Style: String, Sendable {
    case plain = ""
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
}

/// A line, or a cell of a table, in pieces of one style each.
///
/// What cannot be printed is replaced, so that a file's name or an answer never steers the terminal.
struct Text: Sendable, ExpressibleByStringInterpolation {
    private(set) var pieces: [(text: String, style: Style)]

    /// Makes a text of one style.
    init(_ text: String, _ style: Style = .plain) { pieces = [(text.printable, style)] }

    /// Makes a plain text.
    init(stringLiteral text: String) { self.init(text) }

    /// How many characters are shown.
    var count: Int { pieces.reduce(0) { $0 + $1.text.count } }

    /// The characters without their style.
    var plain: String { pieces.map(\.text).joined() }

    /// Joins two texts.
    static func + (left: Text, right: Text) -> Text {
        var sum = left
        sum.pieces += right.pieces
        return sum
    }

    /// The text with escape sequences for its styles, or without.
    func rendered(inColour: Bool) -> String {
        guard inColour else { return plain }
        return pieces.map { piece in
            piece.style == .plain ? piece.text : "\u{1B}[\(piece.style.rawValue)m\(piece.text)\u{1B}[0m"
        }
        .joined()
    }

    /// The text cut to so many characters, with `…` for what is missing.
    ///
    /// - Parameter keepsEnd: Whether the end is what matters, as of a path.
    func cut(to width: Int, keepsEnd: Bool) -> Text {
        let whole = plain
        guard whole.count > width, width > 0 else { return self }
        let shown = keepsEnd ? "…" + String(whole.suffix(width - 1)) : String(whole.prefix(width - 1)) + "…"
        return Text(shown, pieces.first?.style ?? .plain)
    }

    /// The text without pieces of blanks at its end.
    var withoutTrailingBlanks: Text {
        var kept = self
        while let last = kept.pieces.last, last.text.allSatisfy({ $0 == " " }) { kept.pieces.removeLast() }
        return kept
    }

    /// Breaks a text into lines between words.
    static func wrapped(_ text: String, width: Int?) -> [String] {
        guard let width, width > 0, text.count > width else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if line.isEmpty {
                line = String(word)
            } else if line.count + 1 + word.count <= width {
                line += " " + word
            } else {
                lines.append(line)
                line = String(word)
            }
        }
        return lines + [line]
    }
}

extension String {
    /// The text with control characters, line separators and direction marks replaced.
    var printable: String {
        guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
        var shown = String.UnicodeScalarView()
        for scalar in unicodeScalars { shown.append(scalar.isUnprintable ? "\u{FFFD}" : scalar) }
        return String(shown)
    }

    /// The text filled up with blanks.
    func padded(to width: Int, atStart: Bool = false) -> String {
        let blanks = String(repeating: " ", count: Swift.max(width - count, 0))
        return atStart ? blanks + self : self + blanks
    }
}

/// A count with its noun: `1 document`, `2 documents`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

extension Unicode.Scalar {
    fileprivate var isUnprintable: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
